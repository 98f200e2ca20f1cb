/** `mailkey proxy cert`: makes the certificate that the proxy shows, and says how programs come to trust it. */
import { loadConfig } from "../accounts/config.ts";
import { doubleQuoted } from "../clients/quoting.ts";
import { MailkeyError } from "../errors.ts";
import { shellWord } from "../platform/shell.ts";
import { jsonText } from "../platform/text.ts";
import { proxyCertificate } from "../proxy/certificate/certificate.ts";
import { madeFiles, makeCertificate, namesOf } from "../proxy/certificate/made.ts";
import type { Context } from "./context.ts";
import { wrapText } from "./wrap.ts";

export interface CertValues {
  readonly name?: readonly string[] | undefined;
  readonly new?: boolean | undefined;
  readonly json?: boolean | undefined;
}

/** @throws ERR_USAGE, ERR_CONFIG when the configuration names another or files are damaged, ERR_LOCK_TIMEOUT, ERR_STORAGE */
export async function proxyCert(context: Context, values: CertValues): Promise<void> {
  const { paths, env, clock, stdout, stderr } = context;
  const { proxy } = loadConfig(paths, env);
  const isMade = proxy.certificateFile === undefined;
  if (!isMade && (values.name !== undefined || values.new === true))
    throw new MailkeyError("ERR_CONFIG", "config.toml names a certificate of your own: the proxy shows that one", {
      hint: "take certificate and key below [proxy] out of config.toml first",
    });
  const wish = { names: values.name, anew: values.new === true };
  const shown = isMade ? await makeCertificate(paths, clock, wish) : await proxyCertificate(paths, proxy, clock);
  if (shown === undefined) return;
  const facts = {
    certificate: shown.file,
    key: isMade ? madeFiles(paths).key : (proxy.keyFile ?? shown.file),
    names: namesOf(shown),
    ends: new Date(shown.endsAtMs).toISOString(),
    sha256: shown.parsed.fingerprint256,
  };
  if (values.json === true) return stdout(`${jsonText(facts, 2)}\n`);
  const [firstHalf = "", secondHalf = ""] = facts.sha256.match(/(?:..:?){1,16}/g) ?? [];
  const renewed = isMade ? " (the proxy renews it in its last month)" : "";
  stdout(`Certificate  ${facts.certificate}
Key          ${facts.key}
For          ${facts.names.length === 0 ? "no name: most programs refuse it (it lacks subjectAltName)" : facts.names.join(", ")}
Ends         ${facts.ends.slice(0, 10)}${renewed}
SHA-256      ${firstHalf}
             ${secondHalf}
`);
  if (isMade) stderr(`\n${trustText(facts.certificate, context.terminal.columns)}`);
}

/** Each in the program's own words. */
function trustText(file: string, columns: number): string {
  const lines = [
    ["mbsync", `CertificateFile ${quoted(file)}`],
    ["msmtp", `tls_trust_file ${quoted(file)}`],
    ["mutt", `set certificate_file = ${quoted(file)}`],
    ["curl", `--cacert ${shellWord(file)}`],
    ["Python", `cafile=${JSON.stringify(file)}`],
  ] as const;
  const shown = lines.map(([program, line]) => `  ${program.padEnd(8)} ${line}\n`).join("");
  const others = `Thunderbird and phones ask once; compare the SHA-256 above. A proxy that runs already takes it up after: mailkey proxy reload`;
  return `Nothing on this machine trusts it yet. To have a program trust it, name its file there:\n\n${shown}\n${wrapText(others, columns)}\n`;
}

function quoted(path: string): string {
  return /[^A-Za-z0-9/._-]/.test(path) ? doubleQuoted(path, "$`") : path;
}
