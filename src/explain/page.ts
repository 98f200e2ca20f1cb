/** docs/errors.md, in Markdown, from the catalogue. */
import { CATALOGUE } from "./catalogue.ts";
import { AREAS, type Area, type Entry, type Step } from "./entry.ts";

const HEAD = `# Errors, and what to do

<!-- Made from src/explain by scripts/docs.ts: edit there. -->

What \`mailkey explain\` knows. Give it a code, an error's text or a whole log, and it finds the right one itself:

\`\`\`
mailkey explain AADSTS700082
mbsync -a 2>&1 | mailkey explain --account you@hotmail.com
\`\`\`

Capital words stand for your own values: ADDRESS is the mailbox, CLIENT the client id, HELPER what your mail programs run for a token.
"Probably" marks what nobody has shown yet; *reported* what people have met and no document says.
`;

/** The whole page. */
export function errorsPage(): string {
  const areas = (Object.entries(AREAS) as [Area, string][]).map(([area, title]) =>
    [`## ${title}`, ...CATALOGUE.filter((entry) => entry.area === area).map(section)].join("\n\n"),
  );
  return `${HEAD}\n${areas.join("\n\n")}\n`;
}

function section(entry: Entry): string {
  const { id, title, why, more, status, codes = [], texts = [], steps, sources } = entry;
  const seen = [...codes, ...texts].map(code).join(" · ");
  const probably = status === "unverified" ? "probably " : "";
  const reported = status === "reported" ? " *(reported)*" : "";
  const because = `Why: ${probably}${escaped(why)}.${more === undefined ? "" : ` ${escaped(more)}`}${reported}`;
  const links = sources.map((source) => `<${source}>`).join(" ");
  return [
    `### ${escaped(id)}: ${escaped(title)}`,
    ...(seen === "" ? [] : [seen]),
    because,
    steps.map(item).join("\n"),
    links,
  ].join("\n\n");
}

function item({ say, type }: Step): string {
  if (type === undefined) return `- ${escaped(capitalised(say))}.`;
  return `- ${escaped(capitalised(say))}: ${type.split("\n").map(code).join(" ")}`;
}

/** A code span that may itself hold backticks. */
function code(text: string): string {
  return text.includes("`") ? `\`\` ${text} \`\`` : `\`${text}\``;
}

function escaped(text: string): string {
  return text.replace(/[_*<>[\]`\\]/g, "\\$&");
}

function capitalised(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
