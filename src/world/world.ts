import type { Duplex } from "node:stream";

/**
 * The only door outside. Everything that differs from run to run, or that a crash can interrupt, comes
 * through here, so that the whole server also runs in a simulated world: see real.ts and simulated.ts.
 */
export interface World {
  readonly clock: Clock;
  readonly random: Random;
  readonly files: Files;
  readonly sockets: Sockets;
  readonly requests: Requests;
  readonly processes: Processes;
}

export type Cancel = () => void;

/** Two times: the wall clock, which users may move (`tule time`), and elapsed time, which nobody moves. */
export interface Clock {
  /** Milliseconds since 1970 in UTC, as a whole number. May jump either way. */
  nowMs(): number;
  /**
   * The machine's own time, wherever the wall clock was moved to: what other machines' clocks are compared with, in
   * signatures and in the dates of answers.
   */
  machineMs(): number;
  /** Milliseconds since an unnamed moment, with fractions; never goes back. For durations and timeouts. */
  elapsedMs(): number;
  /**
   * Calls back once, as soon as `nowMs() >= atMs`; at once after a jump beyond it, but never inside `at`
   * or `moveTo` themselves. Earlier ones first, equal ones in the order in which they were set. It keeps
   * the process alive until it rings or is cancelled.
   */
  at(atMs: number, wake: () => void): Cancel;
  /** Calls back once, after so much elapsed time. For network timeouts, never for anything that must survive. */
  after(delayMs: number, wake: () => void): Cancel;
  /** Sets the wall clock; it runs on from there. */
  moveTo(nowMs: number): void;
  /** Stops the wall clock where it stands (`moveTo` still moves it), or lets it run on. */
  freeze(): void;
  resume(): void;
  readonly isFrozen: boolean;
}

export interface Random {
  /** Unpredictable bytes (in a simulated world: repeatable from its seed). */
  bytes(length: number): Buffer;
  /** A random UUID, version 4. */
  uuid(): string;
  /** A number in [0, 1). Cheap; not for secrets. */
  fraction(): number;
}

/** Failures are Node's system errors (`code` "ENOSPC", "ENOENT" ...). Paths are absolute. */
export interface Files {
  /** Opens for reading and writing; creates it when missing. */
  open(path: string): Promise<OpenFile>;
  /** The whole file, or undefined if there is none. */
  read(path: string): Promise<Buffer | undefined>;
  /** Replaces the file as a whole, durably: after a crash it is the old one or the new one. */
  replace(path: string, bytes: Buffer): Promise<void>;
  rename(from: string, to: string): Promise<void>;
  /**
   * Gives a file a second name (a hard link). Fails with EEXIST when the name is taken, and with whatever the
   * system says where links are impossible (EXDEV, EPERM, ENOTSUP, EMLINK).
   */
  link(from: string, to: string): Promise<void>;
  /** Removing what is not there is no failure. Folders go with all that is in them. */
  remove(path: string): Promise<void>;
  /** The names in a folder, sorted; none if there is no such folder. */
  list(folder: string): Promise<string[]>;
  /** Makes the folder and those above it where they are missing, durably. */
  makeFolder(folder: string): Promise<void>;
  /** Makes the folder's entries (new, renamed and removed files) durable. */
  syncFolder(folder: string): Promise<void>;
  /**
   * Keeps the folder for this process until it unlocks or ends, however it ends. `holder` is a word to
   * others about who has it. Rejects with FolderInUse.
   */
  lock(folder: string, holder: string): Promise<Unlock>;
}

export type Unlock = () => Promise<void>;

/** Another process works in this folder. */
export class FolderInUse extends Error {
  override name = "FolderInUse";
  readonly folder: string;
  readonly holder: string;
  constructor(folder: string, holder: string) {
    super(`${folder} is in use by ${holder}`);
    this.folder = folder;
    this.holder = holder;
  }
}

export interface OpenFile {
  sizeBytes(): Promise<number>;
  /** Up to `length` bytes; fewer at the end of the file. */
  read(position: number, length: number): Promise<Buffer>;
  /**
   * The same in place, while all else waits: for small reads that a synchronous body needs.
   * @param into memory that the bytes may be put into, at least so long; else they have memory of their own.
   */
  readNow(position: number, length: number, into?: Buffer): Buffer;
  write(position: number, bytes: Buffer): Promise<void>;
  /** Resolves when what was written is on the disk (fdatasync). */
  sync(): Promise<void>;
  truncate(sizeBytes: number): Promise<void>;
  close(): Promise<void>;
}

export interface Sockets {
  /**
   * Listens for byte streams. Rejects with the system's error (`code` "EADDRINUSE" ...). Connections are
   * half-open: when the other side ends, this side still writes, and has to end by itself.
   */
  listen(at: ListenAt, onConnection: (connection: Connection) => void): Promise<Listener>;
}

/** Asking other servers. */
export interface Requests {
  /**
   * Reads an `http:` or `https:` URL, following nothing. Rejects if no whole answer of at most so many bytes comes
   * within the time, whatever the reason.
   */
  get(url: string, limits: GetLimits): Promise<IncomingAnswer>;
  /** Sends a POST to an `http:` or `https:` URL. Rejects if no whole answer comes within the time, whatever the reason. */
  post(url: string, request: OutgoingRequest): Promise<IncomingAnswer>;
}

export interface GetLimits {
  readonly timeoutMs: number;
  readonly bytesAtMost: number;
}

export interface OutgoingRequest {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
  readonly timeoutMs: number;
}

export interface IncomingAnswer {
  readonly status: number;
  readonly body: Buffer;
}

export interface ListenAt {
  readonly host: string;
  /** 0 picks a free one. */
  readonly port: number;
  /**
   * Connections speak TLS, and this tells who the server is: for the host name that the client asks for, or the address
   * that it reached. Connections are handed over before their handshake, which may fail. A simulated world speaks plain.
   */
  readonly identityFor?: ((name: string | undefined) => ServerIdentity) | undefined;
}

/** What proves to clients who a server is. */
export interface ServerIdentity {
  /** PEM: the server's own, then that of its authority. */
  readonly certificates: string;
  /** PEM. */
  readonly privateKey: string;
}

export interface Listener {
  readonly host: string;
  readonly port: number;
  /** Accepts no more; resolves when the port is free. Open connections stay open. */
  close(): Promise<void>;
}

/** A connection as Node's streams know it, with what sockets add. */
export interface Connection extends Duplex {
  readonly remoteAddress?: string | undefined;
  /** The one of this machine's addresses that the other side connected to. */
  readonly localAddress?: string | undefined;
  setNoDelay?(noDelay?: boolean): unknown;
  setTimeout?(timeoutMs: number): unknown;
}

export interface Processes {
  /** This process's environment. */
  environment(): Readonly<Record<string, string | undefined>>;
  /** Starts a child with its three streams as pipes. If it can't be started, `ended` rejects. */
  spawn(command: string, argv: readonly string[], options: SpawnOptions): ChildProcess;
  /** Calls back once when this process is asked to end (SIGTERM, SIGINT). */
  onStop(stop: () => void): Cancel;
}

export interface SpawnOptions {
  readonly folder: string;
  readonly environment: Readonly<Record<string, string>>;
}

export interface ChildProcess {
  readonly id: number | undefined;
  readonly input: NodeJS.WritableStream;
  readonly output: NodeJS.ReadableStream;
  readonly errors: NodeJS.ReadableStream;
  /** Resolves when it has ended, with its exit code or the signal that ended it. */
  readonly ended: Promise<{ readonly code: number | null; readonly signal: string | null }>;
  kill(signal: "SIGTERM" | "SIGKILL"): void;
}
