/** What mailkey itself says. */
import type { Entry } from "../entry.ts";

const SYSEXITS = "https://man.openbsd.org/sysexits";

export const MAILKEY: readonly Entry[] = [
  {
    id: "exit-75",
    area: "mailkey",
    title: "exit status 75: try later",
    why: "the network or the provider is down, or the vault is locked; a token that is still valid is served meanwhile",
    status: "verified",
    texts: ["exit 75", "exit status 75"],
    general: true,
    steps: [{ say: "nothing: the next run tries again; to see why", type: "mailkey token ADDRESS --verbose" }],
    sources: [SYSEXITS],
  },
  {
    id: "exit-77",
    area: "mailkey",
    title: "exit status 77: sign in again",
    why: "the provider has ended the sign-in",
    status: "verified",
    texts: ["exit 77", "exit status 77"],
    general: true,
    steps: [{ say: "sign in again", type: "mailkey login ADDRESS" }],
    sources: [SYSEXITS],
  },
  {
    id: "exit-78",
    area: "mailkey",
    title: "exit status 78: the configuration is wrong",
    why: "an account's file, the client or the vault's settings are wrong or missing",
    status: "verified",
    texts: ["exit 78", "exit status 78"],
    general: true,
    steps: [{ say: "let mailkey look for what is wrong", type: "mailkey doctor" }],
    sources: [SYSEXITS],
  },
  {
    id: "untrusted-file",
    area: "mailkey",
    title: "a file that must be private is not",
    why: "others could read or change a file on which your mailbox's safety rests, so mailkey does not use it",
    status: "verified",
    texts: ["can be read or changed by other users"],
    steps: [{ say: "make it private", type: "chmod go= FILE" }],
    sources: ["https://pubs.opengroup.org/onlinepubs/9699919799/utilities/chmod.html"],
  },
];
