/**
 * Any web page can have the browser send a request to a port of this machine, with lines of its own in it: passwords to try, or wrong ones
 * that use up the account's attempts. Its first line gives it away, and ends the conversation before the others are read.
 */

const REQUEST_LINE = /^[^ ]+ (?:\*|\/[^ ]*|https?:[^ ]*) HTTP\/[0-9]/i;

/** @param line without its end */
export function isHttpRequest(line: string): boolean {
  return REQUEST_LINE.test(line);
}
