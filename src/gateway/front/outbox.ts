import type { Connection } from "#world/world.ts";
import { writeHighWaterBytes } from "./limits.ts";

/** Up to here several answers are cheaper copied into one write than written one by one. */
const joinedBytes = 64 * 1024;

/** What goes out on a connection: gathered while answers come at once, then written together. */
export class Outbox {
  /** Everything that was ever handed to the connection. */
  handedBytes = 0;
  private readonly socket: Connection;
  private parts: Buffer[] = [];
  private partsBytes = 0;
  private drained: (() => void) | undefined = undefined;

  constructor(socket: Connection) {
    this.socket = socket;
  }

  /** More waits for the client than should. */
  isFull(): boolean {
    if (this.partsBytes > writeHighWaterBytes) this.flush();
    return this.socket.writableLength > writeHighWaterBytes;
  }

  push(bytes: Buffer): void {
    this.parts.push(bytes);
    this.partsBytes += bytes.length;
  }

  flush(): void {
    const { parts, partsBytes, socket } = this;
    if (parts.length === 0) return;
    this.parts = [];
    this.partsBytes = 0;
    this.handedBytes += partsBytes;
    if (socket.destroyed) return;
    if (parts.length === 1) socket.write(parts[0]);
    else if (partsBytes <= joinedBytes) socket.write(Buffer.concat(parts, partsBytes));
    else {
      socket.cork();
      for (const part of parts) socket.write(part);
      socket.uncork();
    }
  }

  /** Resolves when there is room again, or nobody to make room for. */
  room(): Promise<void> {
    return new Promise<void>((resolve) => {
      this.drained = resolve;
    });
  }

  /** The connection has drained, or is gone. */
  release(): void {
    const drained = this.drained;
    this.drained = undefined;
    drained?.();
  }
}
