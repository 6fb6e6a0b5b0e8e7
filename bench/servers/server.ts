export interface Command {
  readonly file: string;
  readonly arguments: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
}

export interface ServerPlace {
  readonly port: number;
  /** An existing folder; empty unless the server is started on data that it stored before. */
  readonly folder: string;
}

/** A program that answers the benchmark's requests: Tule, a peer, or the bare echo. */
export interface Server {
  readonly name: string;
  /** What happens to an acknowledged write when the process, or the machine, dies. */
  readonly keepsWrites: "no data" | "in memory" | "written, not synced" | "synced";
  /** A just-in-time compiler that needs a minute under load before its figures stand. */
  readonly warmsSlowly: boolean;
  /** What the echo does instead of serving tables. */
  readonly answersFixedBody: boolean;
  /** How often a start may fail before the server counts as broken; once if left out. */
  readonly startTries?: number;
  /** Why it can't run here. */
  missing(): string | undefined;
  command(place: ServerPlace): Command;
}
