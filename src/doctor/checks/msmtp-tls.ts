/** TLS settings of msmtp, and whether they fit the port. */
import type { Finding, MachineCheck } from "../check.ts";
import { readMsmtp } from "../configs/msmtp.ts";
import { whereIs } from "../configs/setting.ts";
import { addLine, mendLine, MSMTP_OWNER, type OwnedAccount, ownedAccounts } from "../programs.ts";
import { securityOn } from "../servers.ts";

export const msmtpTls: MachineCheck = {
  of: "machine",
  id: "msmtp-tls",
  title: "TLS settings and port of msmtp",
  worst: "error",
  async examine(machine) {
    if ((await machine.find("msmtp")) === undefined) return [];
    const owned = ownedAccounts(machine, readMsmtp(machine), MSMTP_OWNER);
    return owned.flatMap((each) => [tlsFindings, startTlsFindings, certificateFindings].flatMap((find) => find(each)));
  },
};

function tlsFindings({ account }: OwnedAccount): Finding[] {
  const setting = account.settings.get("tls");
  if (setting !== undefined && setting.value !== "off") return [];
  return [
    {
      severity: "error",
      seen:
        setting === undefined
          ? `${whereIs(account)}: account ${account.name} has no tls`
          : `${whereIs(setting)}: tls off`,
      means: "Without TLS whoever is on the way could read the token and the mail; providers refuse it.",
      ...(setting === undefined ? addLine("msmtp", account, "tls on") : mendLine("msmtp", setting, "tls on")),
    },
  ];
}

function startTlsFindings({ account, subject }: OwnedAccount): Finding[] {
  const { settings } = account;
  const server = subject.account.provider.servers.smtp;
  const setting = settings.get("tls_starttls");
  const isOn = setting?.value !== "off";
  const port = Number(settings.get("port")?.value ?? (isOn ? 25 : 465));
  const security = securityOn(port, server);
  if (security === undefined || isOn === (security === "starttls")) return portFindings({ account, subject }, port);
  const line = `tls_starttls ${security === "starttls" ? "on" : "off"}`;
  return [
    {
      severity: "error",
      seen: `${setting === undefined ? whereIs(account) : whereIs(setting)}: tls_starttls ${isOn ? "on" : "off"} with port ${port}`,
      means:
        security === "starttls"
          ? "TLS begins later there, after STARTTLS: msmtp says “TLS handshake failed”."
          : "TLS begins at once there: msmtp waits for words that never come.",
      ...(setting === undefined ? addLine("msmtp", account, line) : mendLine("msmtp", setting, line)),
    },
  ];
}

/** 25 is what msmtp takes when nothing is said; it is for mail between servers. */
function portFindings({ account, subject }: OwnedAccount, port: number): Finding[] {
  const server = subject.account.provider.servers.smtp;
  const setting = account.settings.get("port");
  if (port !== 25 || server === undefined || server.port === 25) return [];
  const line = `port ${server.port}`;
  return [
    {
      severity: "warning",
      seen:
        setting === undefined
          ? `${whereIs(account)}: account ${account.name} has no port`
          : `${whereIs(setting)}: port 25`,
      means: "Port 25, which msmtp then uses, is for mail between servers: most networks block it.",
      ...(setting === undefined ? addLine("msmtp", account, line) : mendLine("msmtp", setting, line)),
    },
  ];
}

function certificateFindings({ account }: OwnedAccount): Finding[] {
  const setting = account.settings.get("tls_certcheck");
  if (setting?.value !== "off") return [];
  return [
    {
      severity: "warning",
      seen: `${whereIs(setting)}: tls_certcheck off`,
      means: "msmtp hands the token to whoever answers in the server's place.",
      ...mendLine("msmtp", setting, "tls_certcheck on"),
    },
  ];
}
