/** The certificate of mailkey's mail proxy, where TLS is used or wanted: there, not over, and with its own key. */
import { isTlsFirst } from "../../accounts/proxy-config.ts";
import { isMailkeyError, type MailkeyError } from "../../errors.ts";
import { loadPair, type LoadedCertificate } from "../../proxy/certificate/load.ts";
import { loadMade } from "../../proxy/certificate/made.ts";
import type { Finding, Machine, MachineCheck } from "../check.ts";
import { whereIs } from "../configs/setting.ts";
import { proxyClients } from "../mail-proxy.ts";
import { editConfig } from "../remedies.ts";

const DAY_MS = 24 * 60 * 60 * 1000;
/** Somebody has to get a new one from an authority, and programs are told of it. */
const SOON_DAYS = 14;
/** The proxy renews mailkey's own a month ahead. */
const SOON_DAYS_MADE = 7;
const REFUSED = "Programs that use TLS at the proxy do not connect.";

export const mailProxyTls: MachineCheck = {
  id: "mail-proxy-tls",
  title: "the certificate of the mail proxy",
  worst: "error",
  of: "machine",
  async examine(machine) {
    const { certificateFile, keyFile } = machine.config.proxy;
    const isOwn = certificateFile !== undefined || keyFile !== undefined;
    const renew = isOwn ? editConfig(machine) : "mailkey proxy cert";
    const certificate = load(machine);
    if (isMailkeyError(certificate)) return [unfit(certificate, isOwn ? renew : "mailkey proxy cert --new")];
    if (certificate !== undefined) {
      const isRenewedAtStart = !isOwn && (await machine.mailProxy()) === undefined;
      return isRenewedAtStart ? [] : lifetime(certificate, machine, isOwn ? SOON_DAYS : SOON_DAYS_MADE, renew);
    }
    if (isOwn) return [missing(`${certificateFile ?? "the certificate"} is not there, which config.toml names`, renew)];
    const why = reason(machine);
    return why === undefined ? [] : [missing(`the mail proxy has no certificate, and ${why}`, renew)];
  },
};

/** @returns undefined when there is none */
function load({ paths, config }: Machine): LoadedCertificate | MailkeyError | undefined {
  const { certificateFile: certificate, keyFile: key } = config.proxy;
  try {
    if (certificate === undefined) return key === undefined ? loadMade(paths) : undefined;
    return loadPair({ certificate, key: key ?? certificate }, "");
  } catch (error) {
    if (isMailkeyError(error)) return error;
    throw error;
  }
}

/** Why there should be one. */
function reason(machine: Machine): string | undefined {
  const { remote, requireTls } = machine.config.proxy;
  if (remote) return "remote = true lets other machines in by TLS only";
  if (requireTls) return "require_tls = true lets nobody in without";
  const client = proxyClients(machine).find(({ service }) => isTlsFirst(service));
  return client === undefined
    ? undefined
    : `${client.program} wants TLS at port ${client.port} (${whereIs(client.place)})`;
}

function missing(seen: string, remedy: string): Finding {
  return { severity: "error", seen, means: `TLS is not served. ${REFUSED}`, remedy: [remedy, "mailkey proxy reload"] };
}

function unfit({ message }: MailkeyError, remedy: string): Finding {
  return {
    severity: "error",
    seen: message,
    means: `TLS is not served. ${REFUSED}`,
    remedy: [remedy, "mailkey proxy reload"],
  };
}

function lifetime({ file, parsed, endsAtMs }: LoadedCertificate, machine: Machine, soonDays: number, renew: string) {
  const nowMs = machine.clock.now().wallMs;
  const remedy = [renew, "mailkey proxy reload"];
  const beginsAtMs = Date.parse(parsed.validFrom);
  const error = (seen: string, advice?: string): Finding[] => [
    { severity: "error", seen, means: REFUSED, remedy, ...(advice === undefined ? {} : { advice }) },
  ];
  if (endsAtMs <= nowMs) return error(`${file} is over since ${dateOf(endsAtMs)}`);
  if (beginsAtMs > nowMs)
    return error(
      `${file} is not valid before ${dateOf(beginsAtMs)}`,
      "See whether this machine's clock is right: date.",
    );
  const days = Math.floor((endsAtMs - nowMs) / DAY_MS);
  if (days >= soonDays) return [];
  const means = `Then programs that use TLS at the proxy connect no more.`;
  const warning: Finding = { severity: "warning", seen: `${file} is over in ${days} days`, means, remedy };
  return [warning];
}

function dateOf(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10);
}
