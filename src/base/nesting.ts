/** Whether a value of JSON has lists and objects within each other more than `levels` deep; itself is level 1. */
export function isNestedDeeper(value: unknown, levels: number): boolean {
  if (typeof value !== "object" || value === null) return false;
  if (levels === 0) return true;
  return Object.values(value).some((each) => isNestedDeeper(each, levels - 1));
}
