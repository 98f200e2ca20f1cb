/** Every command's name, and where it lives. Loading one loads nothing of the others. */
import type { Command } from "./command.ts";

export const COMMANDS: Readonly<Record<string, () => Promise<Command>>> = {
  add: async () => (await import("./add.ts")).add,
  login: async () => (await import("./login.ts")).login,
  token: async () => (await import("./token.ts")).token,
  list: async () => (await import("./list.ts")).list,
  status: async () => (await import("./status.ts")).status,
  show: async () => (await import("./show.ts")).show,
  setup: async () => (await import("./setup.ts")).setup,
  test: async () => (await import("./test.ts")).test,
  doctor: async () => (await import("./doctor.ts")).doctor,
  explain: async () => (await import("./explain.ts")).explainCommand,
  agent: async () => (await import("./agent.ts")).agent,
  proxy: async () => (await import("./proxy.ts")).proxy,
  tunnel: async () => (await import("./tunnel.ts")).tunnel,
  providers: async () => (await import("./providers.ts")).providers,
  vault: async () => (await import("./vault.ts")).vault,
  import: async () => (await import("./import.ts")).importCommand,
  remove: async () => (await import("./remove.ts")).remove,
  revoke: async () => (await import("./revoke.ts")).revoke,
  completions: async () => (await import("./completions.ts")).completions,
  "mutt-oauth2": async () => (await import("./mutt-oauth2.ts")).muttOauth2,
  help: async () => (await import("./help.ts")).help,
};

/** What mailkey runs of itself. No help shows it. */
const INTERNAL: Readonly<Record<string, () => Promise<Command>>> = {
  "age-passphrase-cipher": async () => (await import("./age-apart.ts")).ageApart,
};

/** The command of that name, or undefined. */
export function findCommand(name: string): (() => Promise<Command>) | undefined {
  if (Object.hasOwn(COMMANDS, name)) return COMMANDS[name];
  return Object.hasOwn(INTERNAL, name) ? INTERNAL[name] : undefined;
}

/** The order and headings of `mailkey help`. */
export const GROUPS: readonly { readonly title: string; readonly names: readonly string[] }[] = [
  { title: "Sign in", names: ["add", "login", "import"] },
  { title: "Use", names: ["setup", "token", "proxy", "tunnel", "test", "mutt-oauth2"] },
  { title: "Look", names: ["doctor", "explain", "list", "status", "show", "providers"] },
  { title: "Keep", names: ["agent", "vault", "remove", "revoke", "completions"] },
];
