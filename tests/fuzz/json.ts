/** What JSON can say. */
export type Json = null | boolean | number | string | Json[] | JsonObject;

export interface JsonObject {
  [name: string]: Json;
}

/** A call as a client means it. */
export interface Call {
  readonly operation: string;
  readonly input: JsonObject;
}
