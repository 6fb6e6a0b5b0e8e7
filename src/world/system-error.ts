/** Whether something thrown is a system error with this code ("ENOENT", "ENOSPC" ...). */
export function isSystemError(error: unknown, code: string): boolean {
  return error instanceof Error && "code" in error && error.code === code;
}

/** A system error as Node makes them, for the simulated world. */
export function systemError(code: string, call: string, path: string): Error {
  return Object.assign(new Error(`${code}: ${call} '${path}'`), { code, syscall: call, path });
}
