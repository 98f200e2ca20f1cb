/** TLS settings of mbsync: none, the wrong kind for the port, or under a name that this version does not know. */
import { isAtLeast } from "../../clients/version.ts";
import type { Finding, MachineCheck, VersionQuestion } from "../check.ts";
import { readMbsync } from "../configs/mbsync.ts";
import { whereIs } from "../configs/setting.ts";
import { addLine, MBSYNC_OWNER, mendLine, type OwnedAccount, ownedAccounts } from "../programs.ts";
import { securityOn } from "../servers.ts";

const VERSION: VersionQuestion = { args: ["--version"], pattern: /isync (\d+(?:\.\d+)+)/ };
/** The first that calls it TLSType; the old name still works there. */
const RENAMED_IN = "1.5";

export const mbsyncTls: MachineCheck = {
  of: "machine",
  id: "mbsync-tls",
  title: "TLS settings of mbsync",
  worst: "error",
  async examine(machine) {
    const program = await machine.find("mbsync", VERSION);
    if (program === undefined) return [];
    const owned = ownedAccounts(machine, readMbsync(machine), MBSYNC_OWNER);
    return owned.flatMap((each) => examineAccount(each, program.version));
  },
};

function examineAccount({ account, subject }: OwnedAccount, version: string | undefined): Finding[] {
  const { settings } = account;
  const server = subject.account.provider.servers.imap;
  const recent = isAtLeast(version, RENAMED_IN);
  const setting = settings.get("tlstype") ?? settings.get("ssltype");
  const old = settings.get("requiressl");
  const port = Number(settings.get("port")?.value ?? (setting?.value.toLowerCase() === "imaps" ? 993 : 143));
  const wanted = securityOn(port, server) === "starttls" ? "STARTTLS" : "IMAPS";
  const line = `${recent ? "TLSType" : "SSLType"} ${wanted}`;
  if (old !== undefined && old.value.toLowerCase() === "no")
    return [
      {
        severity: "error",
        seen: `${whereIs(old)}: RequireSSL no`,
        means: "It lets mbsync go on without TLS: whoever is on the way could read the token and the mail.",
        ...mendLine("mbsync", old, setting === undefined ? line : "RequireSSL yes"),
      },
    ];
  if (setting === undefined) return wanted === "STARTTLS" || usesOldNames(settings) ? [] : [missing(account, line)];
  if (setting.name === "tlstype" && !recent)
    return [
      {
        severity: "error",
        seen: `${whereIs(setting)}: TLSType, which mbsync ${version} does not know`,
        means: `It is called SSLType before ${RENAMED_IN}. mbsync says “keyword is not recognized” and does nothing.`,
        ...mendLine("mbsync", setting, line),
      },
    ];
  if (setting.value.toUpperCase() === wanted) return [];
  const isNone = setting.value.toLowerCase() === "none";
  if (!isNone && securityOn(port, server) === undefined) return []; // a port of somebody's own
  const keyword = setting.name === "tlstype" ? "TLSType" : "SSLType";
  return [
    {
      severity: "error",
      seen: `${whereIs(setting)}: ${keyword} ${setting.value}${isNone ? "" : ` on port ${port}`}`,
      means: isNone
        ? "Without TLS whoever is on the way could read the token and the mail; providers refuse it."
        : `TLS begins otherwise on that port: the connection hangs or breaks off.`,
      ...mendLine("mbsync", setting, line),
    },
  ];
}

/** From before 1.2, still understood. */
function usesOldNames(settings: OwnedAccount["account"]["settings"]): boolean {
  return settings.has("useimaps") || settings.has("requiressl");
}

/** mbsync's own default is STARTTLS. */
function missing(account: OwnedAccount["account"], line: string): Finding {
  return {
    severity: "error",
    seen: `${whereIs(account)}: nothing is said about TLS, and the port wants it at once`,
    means: "mbsync then waits for words that never come.",
    ...addLine("mbsync", account, line),
  };
}
