/** The terminal that a person sits at, by name. Linux only: elsewhere the names behind descriptors are not to be had cheaply. */
import { readlinkSync } from "node:fs";

/** Standard input first; a mail program that redirects it leaves standard error. Standard output is mostly a pipe. */
const DESCRIPTORS = [0, 2];

/** @returns a name such as `/dev/pts/3`, or undefined when neither standard input nor standard error is a terminal */
export function controllingTerminal(): string | undefined {
  for (const descriptor of DESCRIPTORS) {
    try {
      const target = readlinkSync(`/proc/self/fd/${descriptor}`);
      if (/^\/dev\/(pts\/[0-9]+|tty[A-Za-z0-9]*)$/.test(target)) return target;
    } catch {
      // closed, or no /proc
    }
  }
  return undefined;
}
