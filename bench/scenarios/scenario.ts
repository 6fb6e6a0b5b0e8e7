import type { RequestTemplate } from "../load/request.ts";
import type { Target } from "../target.ts";

/** One thing that clients do, at full load. */
export interface Scenario {
  readonly name: string;
  /** For the table's heading: what exactly one request is. */
  readonly title: string;
  /** Makes and fills the scenario's own table. */
  setUp(target: Target): Promise<void>;
  request(): RequestTemplate;
  /**
   * Does once what the load does all the time and looks at its effect. Throws if it is wrong. An answer may hold
   * more than AWS's (moto's do): the benchmark compares work, conformance is judged elsewhere.
   */
  verify(target: Target): Promise<void>;
  /** What a right answer looks like: the bare echo answers this. */
  exampleAnswer(): object;
}
