/** Base64 of UTF-8 text, strict when decoding: SASL allows neither white space nor the URL alphabet. @see RFC 4648 4 */

const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

export function encodeBase64(text: string): string {
  return Buffer.from(text, "utf8").toString("base64");
}

/** @returns undefined when it is not base64, or not of UTF-8 text */
export function decodeBase64(encoded: string): string | undefined {
  if (!BASE64.test(encoded)) return undefined;
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(Buffer.from(encoded, "base64"));
  } catch {
    return undefined;
  }
}
