/** Passwords as mailkey makes them: good for a lifetime, and fit to be typed on a scanner's panel. */
import { randomInt } from "node:crypto";
import { Secret } from "../../platform/secret.ts";

/** Lower-case letters and digits, without those that look like others in some type face: 0 o, 1 i l. */
const ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789";
/** 24 characters of 31: 118 bits. With its hyphens it has 29, which old devices' fields still take. */
const GROUPS = 6;
const GROUP_LENGTH = 4;

/** `abcd-efgh-…` */
export function makePassword(): Secret {
  return new Secret(Array.from({ length: GROUPS }, makeGroup).join("-"));
}

function makeGroup(): string {
  return Array.from({ length: GROUP_LENGTH }, () => ALPHABET.charAt(randomInt(ALPHABET.length))).join("");
}

/**
 * What counts of a password that somebody has typed. Hyphens, spaces and capitals are forgiven: none of them was drawn at random, so
 * forgiving them makes guessing no easier.
 */
export function canonicalPassword(typed: Secret): Secret {
  return new Secret(
    typed
      .reveal()
      .replace(/[\s\p{Pd}]/gu, "")
      .toLowerCase(),
  );
}
