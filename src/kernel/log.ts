/** Where the server tells its operator what happened. Never a secret, never a request's body. */
export interface Log {
  error(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  debug(message: string, fields?: LogFields): void;
}

export type LogFields = Readonly<Record<string, unknown>>;

export const silentLog: Log = { error() {}, info() {}, debug() {} };
