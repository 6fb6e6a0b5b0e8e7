import type { FrontLimits } from "./http.ts";

export const defaultLimits: FrontLimits = {
  headerBytes: 64 * 1024,
  headerCount: 256,
  requestLineBytes: 32 * 1024,
  headersTimeoutMs: 20_000,
  // Longer than the SDKs keep idle sockets, so that it is the client who closes and no request meets a closing socket.
  idleTimeoutMs: 120_000,
  bodyTimeoutMs: 30_000,
  bodyMinimumBytesPerSecond: 256,
  writeTimeoutMs: 60_000,
  maxConnections: 10_000,
  pipelineDepth: 64,
  discardBytes: 1024 * 1024,
  lingerMs: 2_000,
  closeGraceMs: 30_000,
};

/** Body bytes that wait for a slow reader before the client is slowed down. */
export const bodyHighWaterBytes = 256 * 1024;

/** Answer bytes that wait for a slow client before its next request is looked at; also the slice of a large write. */
export const writeHighWaterBytes = 256 * 1024;
