/** neomutt: reads by IMAP and sends by SMTP. */
import { join } from "node:path";
import { configHome } from "../platform/paths.ts";
import { renderMuttrc } from "./muttrc.ts";
import { neededVersion } from "./needed.ts";
import type { Recipe, RenderRequest } from "./recipe.ts";

/** The first with XOAUTH2. */
const OLDEST = "20211015";

export const neomutt: Recipe = {
  name: "neomutt",
  title: "neomutt",
  summary: "reads mail on the server, and sends",
  capabilities: ["fetch", "send"],
  executables: ["neomutt"],
  versionArgs: ["-v"],
  versionPattern: /^NeoMutt (\d{8})/m,
  oldestVersion: OLDEST,
  ways: ["token", "tunnel"],
  render(request) {
    neededVersion(request, "neomutt", OLDEST);
    return renderMuttrc(request, {
      program: "neomutt",
      path: configFile(request),
      complaint: "No authenticators available",
      tunnelComplaint: "Unable to open mailbox",
    });
  },
  sources: [
    "https://neomutt.org/guide/optionalfeatures#oauth",
    "https://neomutt.org/guide/configuration#location-of-user-config-files",
    "https://github.com/neomutt/neomutt/blob/main/ChangeLog.md",
  ],
};

/** The first of these that there is is the one that neomutt reads; mutt's are among them. */
function configFile({ home, env, read }: RenderRequest): string {
  const xdg = configHome(env);
  const usual = join(xdg, "neomutt", "neomuttrc");
  const places = [
    usual,
    join(xdg, "neomutt", "muttrc"),
    join(xdg, "mutt", "neomuttrc"),
    join(xdg, "mutt", "muttrc"),
    join(home, ".neomutt", "neomuttrc"),
    join(home, ".neomutt", "muttrc"),
    join(home, ".mutt", "neomuttrc"),
    join(home, ".mutt", "muttrc"),
    join(home, ".neomuttrc"),
    join(home, ".muttrc"),
  ];
  return places.find((path) => read(path) !== undefined) ?? usual;
}
