/** Access tokens that are too long for a mail program that is installed. */
import { isAtLeast } from "../../clients/version.ts";
import type { AccountCheck, AccountSubject, Finding, VersionQuestion } from "../check.ts";

interface Limit {
  readonly executable: string;
  readonly version: VersionQuestion;
  /** The first version without the limit; undefined when there is none. */
  readonly until?: string;
  /** The longest token in characters, for this SASL user name. */
  longest(user: string): number;
  readonly words: string;
  readonly instead: string;
  readonly source: string;
}

const LIMITS: readonly Limit[] = [
  {
    executable: "msmtp",
    version: { args: ["--version"], pattern: /^msmtp version ([\d.]+)/m },
    until: "1.8.31", // the change was merged on 6 September 2025
    // The command line has 4,094 characters; base64 makes four of three, and the frame around user and token takes its part.
    longest: (user) => 3049 - Buffer.byteLength(user),
    words: "msmtp: longer than 4094 characters",
    instead: "Install a newer msmtp (1.8.31 or later).",
    source: "https://github.com/marlam/msmtp/pull/202",
  },
  {
    executable: "neomutt",
    version: { args: ["-v"], pattern: /^NeoMutt (\d+)/m },
    longest: () => 4094,
    words: "neomutt: No authenticators available",
    instead: "Use mutt, or let mbsync fetch and msmtp send.",
    source: "https://github.com/neomutt/neomutt",
  },
];

export const tokenLength: AccountCheck = {
  of: "account",
  id: "token-length",
  title: "whether mail programs can take so long a token",
  worst: "warning",
  async examine(subject) {
    const token = await subject.token();
    if (token === undefined) return [];
    const { length } = token.value.reveal();
    const findings = await Promise.all(LIMITS.map((limit) => examineLimit(subject, limit, length)));
    return findings.flat();
  },
};

async function examineLimit({ machine, account }: AccountSubject, limit: Limit, length: number): Promise<Finding[]> {
  const longest = limit.longest(account.user);
  if (length <= longest) return [];
  const found = await machine.find(limit.executable, limit.version);
  if (found === undefined) return [];
  const { version = "" } = found;
  if (limit.until !== undefined && isAtLeast(found.version, limit.until)) return [];
  return [
    {
      severity: "warning",
      seen: `access tokens of ${account.address} have ${length} characters; ${limit.executable} ${version} takes ${longest}`,
      means: `It fails with “${limit.words}”, although everything is set up well.`,
      remedy: [],
      advice: limit.instead,
      sources: [limit.source],
    },
  ];
}
