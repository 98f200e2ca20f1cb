/** `mailkey vault` without more: the active vault, where it is, whether it works, and what else this machine offers. */
import { isMailkeyError, type MailkeyError } from "../errors.ts";
import { jsonText, peerText } from "../platform/text.ts";
import { availability, type Availability } from "../vault/availability.ts";
import { createCipher, createVault, vaultFolder } from "../vault/open.ts";
import { protectionOf } from "../vault/protection.ts";
import { probeCipher } from "../vault/probe.ts";
import { loadVaultSettings, VAULT_KINDS, vaultSettingsPath, type VaultSettings } from "../vault/settings.ts";
import type { Context } from "./context.ts";
import { outcomeOf } from "./exit.ts";
import { writeHelp } from "./problem.ts";
import { table } from "./table.ts";
import { wrapText } from "./wrap.ts";

/** A typed passphrase is not asked for only to look. */
type Health = { readonly state: "works" | "asks" } | { readonly state: "fails"; readonly error: MailkeyError };

/** @returns the exit status: that of the failure when the active vault does not work */
export async function showVault(context: Context, json: boolean): Promise<number> {
  const settings = loadVaultSettings(context.paths);
  const others: Availability[] = [];
  for (const kind of VAULT_KINDS) if (kind !== settings?.active) others.push(await availability(kind, context.env));
  const active = settings === undefined ? undefined : await look(settings, context);
  context.stdout(json ? `${jsonText(asJson(active, others))}\n` : asText(active, others, context));
  if (active?.health.state !== "fails") return 0;
  if (!json) await writeHelp(context, active.health.error);
  return outcomeOf(active.health.error.code).status;
}

interface Active {
  readonly settings: VaultSettings;
  readonly description: string;
  readonly folder: string;
  readonly names: readonly string[];
  readonly health: Health;
}

async function look(settings: VaultSettings, { paths, env }: Context): Promise<Active> {
  const vault = await createVault(settings, paths, env, {});
  return {
    settings,
    description: peerText(vault.description, 300),
    folder: vaultFolder(settings, paths),
    names: await vault.list(),
    health: await healthOf(settings, paths, env),
  };
}

async function healthOf(settings: VaultSettings, paths: Context["paths"], env: Context["env"]): Promise<Health> {
  if (settings.active === "age" && settings.age?.passphrase === "prompt") return { state: "asks" };
  try {
    await probeCipher(await createCipher(settings, paths, env, {}));
    return { state: "works" };
  } catch (error) {
    if (isMailkeyError(error)) return { state: "fails", error };
    throw error;
  }
}

function asText(active: Active | undefined, others: readonly Availability[], { terminal, paths }: Context): string {
  const rows: [string, string][] = [];
  if (active === undefined) {
    rows.push(["active", "none yet: mailkey add chooses one at first use"]);
  } else {
    const { settings, description, folder, names, health } = active;
    const count = names.length === 1 ? "1 credential" : `${names.length} credentials`;
    rows.push(
      ["active", `${settings.active}: ${description}`],
      ["settings", vaultSettingsPath(paths)],
      ["kept in", `${folder} (${count})`],
      ["works", healthText(health)],
      ["protects", `against ${protectionOf(settings).against}`],
      ["not", `against ${protectionOf(settings).notAgainst}`],
    );
  }
  const width = Math.max(...rows.map(([label]) => label.length));
  const indent = " ".repeat(width + 2);
  const head = rows
    .map(([label, text]) => `${label.padEnd(width + 2)}${wrapText(indent + text, terminal.columns).trimStart()}\n`)
    .join("");
  const list = table(
    ["other vaults", "available", ""],
    others.map(({ kind, available, remark }) => [
      { text: kind },
      { text: available ? "yes" : "no", tone: available ? "good" : "dim" },
      { text: remark, tone: "dim" },
    ]),
    terminal.colourOut,
  );
  const verb = active === undefined || active.names.length === 0 ? "use" : "move";
  return `${head}\n${list}\nTo change it: mailkey vault ${verb} KIND (mailkey help vault)\n`;
}

function healthText(health: Health): string {
  if (health.state === "fails") return `no: ${health.error.message}`;
  return health.state === "works"
    ? "yes, tried just now"
    : "asks for its passphrase; once a session with the agent: mailkey agent unlock";
}

function asJson(active: Active | undefined, others: readonly Availability[]) {
  if (active === undefined) return { active: null, others };
  const { settings, description, folder, names, health } = active;
  return {
    active: settings.active,
    description,
    folder,
    credentials: names,
    works: health.state === "asks" ? null : health.state === "works",
    ...(health.state === "fails"
      ? {
          error: {
            code: health.error.code,
            message: health.error.message,
            hint: health.error.hint,
            ...health.error.details,
          },
        }
      : {}),
    protects: protectionOf(settings),
    others,
  };
}
