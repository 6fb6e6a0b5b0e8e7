import type { DynamoDBClient } from "@aws-sdk/client-dynamodb";

/** The server as it lives now. */
export interface LiveServer {
  readonly client: DynamoDBClient;
  readonly endpoint: string;
}

/** Asks something of the server; rejects when it is gone. Answers how many writes were acknowledged. */
export type Round = (server: LiveServer) => Promise<number>;

/** What goes on while one server is killed again and again, and what must hold after each kill. */
export interface Load {
  /** What its clients do, one each, over and over until the server is gone. */
  readonly clients: readonly Round[];
  /** How long a life lasts at most; it is drawn anew for each. */
  readonly longestLifeMs: number;
  prepare(server: LiveServer): Promise<void>;
  /** Lets end what the last life left behind, and compares. */
  verify(server: LiveServer): Promise<void>;
  /** What was done besides writes, for the summary. */
  figures(): Readonly<Record<string, number>>;
}
