/** The three zones that nodes and subnets are spread over. */
export function zonesOf(region: string): readonly string[] {
  return ["a", "b", "c"].map((letter) => region + letter);
}
