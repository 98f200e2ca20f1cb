/**
 * notmuch and its Emacs interface: `notmuch new` fetches with mbsync, by its own hook; Emacs sends with msmtp.
 *
 * There is no block in notmuch's configuration: `notmuch config set` writes that file anew.
 */
import { isAbsolute, join } from "node:path";
import { configHome } from "../platform/paths.ts";
import { shellLine } from "../platform/shell.ts";
import { emacsFolder, sendThroughMsmtp } from "./emacs.ts";
import { maildirRoot } from "./maildir.ts";
import type { Edit, Recipe, RenderRequest } from "./recipe.ts";

export const notmuch: Recipe = {
  name: "notmuch",
  title: "notmuch",
  summary: "lets notmuch fetch with mbsync, and its Emacs interface send with msmtp",
  capabilities: ["fetch", "send"],
  buildsOn: ["mbsync", "msmtp"],
  executables: ["notmuch"],
  versionArgs: ["--version"],
  versionPattern: /^notmuch (\d+(?:\.\d+)+)/m,
  render(request) {
    const configuration = configurationOf(request);
    const fetch = fetchHook(request, configuration);
    const folder = emacsFolder(request);
    // notmuch.el loads it, when there is one.
    const emacs = join(folder, "notmuch-config.el");
    return {
      edits: [
        ...fetch.edits,
        { kind: "block", path: emacs, comment: ";;", text: sendThroughMsmtp(request).trimStart() },
      ],
      notes: [...fetch.notes, ...(configuration.text === undefined ? firstTime(request) : []), "    notmuch new"],
    };
  },
  sources: [
    "https://notmuchmail.org/doc/latest/man5/notmuch-hooks.html",
    "https://notmuchmail.org/doc/latest/man1/notmuch-config.html",
    "https://notmuchmail.org/notmuch-emacs/",
  ],
};

interface Configuration {
  /** Undefined when there is none yet. */
  readonly text: string | undefined;
  readonly hooks: string;
}

/** notmuch's own order. @see notmuch-config(1), "CONFIGURATION" and "HOOKS" */
function configurationOf(request: RenderRequest): Configuration {
  const { env, home } = request;
  const profile = join(configHome(env), "notmuch", env["NOTMUCH_PROFILE"] ?? "default");
  const places = [env["NOTMUCH_CONFIG"], join(profile, "config"), join(home, ".notmuch-config")];
  const place = places.find((path) => path !== undefined && request.read(path) !== undefined);
  const text = place === undefined ? undefined : request.read(place);
  const database = settingOf(text, "path", home) ?? maildirRoot(home);
  const inProfile = request.read(join(profile, "hooks", "pre-new")) !== undefined;
  const hooks =
    settingOf(text, "hook_dir", home) ?? (inProfile ? join(profile, "hooks") : join(database, ".notmuch", "hooks"));
  return { text, hooks };
}

/** A path in the section `[database]`, absolute; notmuch takes relative ones from the home folder. */
function settingOf(text: string | undefined, name: string, home: string): string | undefined {
  const section = /^\[database\][^\n]*\n((?:(?!\[).*\n?)*)/m.exec(text ?? "")?.[1] ?? "";
  const value = new RegExp(`^\\s*${name}\\s*=\\s*(.*?)\\s*$`, "m").exec(section)?.[1];
  if (value === undefined || value === "") return undefined;
  return isAbsolute(value) ? value : join(home, value);
}

/** A hook of the user's own gets a block, if it is a shell's; otherwise the hook is a file of mailkey's. */
function fetchHook(request: RenderRequest, { hooks }: Configuration): { edits: Edit[]; notes: string[] } {
  const path = join(hooks, "pre-new");
  const command = shellLine([request.find("mbsync")?.path ?? "mbsync", "-a"]);
  const own = request.read(path);
  const script = `#!/bin/sh\n${command}\n`;
  // Without a comment it is recognised by its content: what comes first in a script is not for comments.
  if (own === undefined || own === script)
    return { edits: [{ kind: "file", path, comment: undefined, text: script, mode: 0o700 }], notes: [] };
  if (/^#!.*\b(?:sh|bash|dash|ksh|zsh)\b/.test(own))
    return { edits: [{ kind: "block", path, comment: "#", text: `${command}\n` }], notes: [] };
  return { edits: [], notes: [`${path} is a program of your own: have it run ${command}`] };
}

function firstTime(request: RenderRequest): string[] {
  const [first, ...others] = request.accounts;
  return [
    "Once, before the first notmuch new:",
    `    ${shellLine(["touch", join(request.home, ".notmuch-config")])}`,
    setting("database.path", maildirRoot(request.home)),
    setting("user.primary_email", first.address),
    ...(others.length === 0 ? [] : [setting("user.other_email", ...others.map(({ address }) => address))]),
  ];
}

function setting(name: string, ...values: string[]): string {
  return `    ${shellLine(["notmuch", "config", "set", name, ...values])}`;
}
