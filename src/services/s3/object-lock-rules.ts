import type { ObjectLock, Version } from "./version-record.ts";

/** Whether a version may not be removed, by whoever asks. */
export function isLocked(version: Version, nowMs: number): boolean {
  return !version.isDeleteMarker && (version.legalHold === true || isRetained(version.lock, nowMs));
}

export function isRetained(lock: ObjectLock | undefined, nowMs: number): boolean {
  return lock !== undefined && lock.untilMs > nowMs;
}

/** Whether a version may be removed by one who may bypass governance, or not even by them. */
export function protects(version: Version, nowMs: number, bypass: boolean): boolean {
  if (version.isDeleteMarker || !isLocked(version, nowMs)) return false;
  return version.legalHold === true || version.lock?.mode === "COMPLIANCE" || !bypass;
}

/** Whether a new retention would weaken one that still holds. */
export function weakens(
  before: ObjectLock | undefined,
  after: ObjectLock | undefined,
  nowMs: number,
  bypass: boolean,
): boolean {
  if (before === undefined || !isRetained(before, nowMs)) return false;
  if (before.mode === "GOVERNANCE" && bypass) return false;
  if (after === undefined || after.untilMs < before.untilMs) return true;
  return before.mode === "COMPLIANCE" && after.mode !== "COMPLIANCE";
}
