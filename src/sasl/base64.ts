/** Base64, strict when decoding: SASL allows neither white space nor the URL alphabet. @see RFC 4648 4 */

const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

export function encodeBase64(text: string): string {
  return Buffer.from(text, "utf8").toString("base64");
}

/** @returns undefined when it is not base64 */
export function decodeBase64Bytes(encoded: string): Buffer | undefined {
  return BASE64.test(encoded) ? Buffer.from(encoded, "base64") : undefined;
}

/** @returns undefined when it is not base64, or not of UTF-8 text */
export function decodeBase64(encoded: string): string | undefined {
  const bytes = decodeBase64Bytes(encoded);
  if (bytes === undefined) return undefined;
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}
