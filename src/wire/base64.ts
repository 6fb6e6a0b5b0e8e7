/** Strict base64, with the words of AWS's decoder for what is wrong. */

const digits = /^[A-Za-z0-9+/]*={0,2}$/;
// The last digit before the padding carries bits that no byte has; AWS wants them to be zero.
const lastBeforeOnePad = "AEIMQUYcgkosw048";
const lastBeforeTwoPads = "AQgw";

/** What is wrong with base64 text, in AWS's words; undefined if it is well-formed. */
export function base64Problem(text: string): string | undefined {
  const { length } = text;
  if (length % 4 !== 0) {
    return `Base64 encoded length is expected a multiple of 4 bytes but found: ${length}`;
  }
  if (!digits.test(text)) {
    const wrong = /[^A-Za-z0-9+/=]/.exec(text);
    return wrong
      ? `Invalid Base64 character: '${wrong[0]}'`
      : "Invalid last non-pad Base64 character dectected"; // so written by AWS
  }
  if (text.endsWith("==")) {
    if (!lastBeforeTwoPads.includes(text.charAt(length - 3))) {
      return "Invalid last non-pad Base64 character dectected";
    }
  } else if (text.endsWith("=") && !lastBeforeOnePad.includes(text.charAt(length - 2))) {
    return "Invalid last non-pad Base64 character dectected";
  }
  return undefined;
}
