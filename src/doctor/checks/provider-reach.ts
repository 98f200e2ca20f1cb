/** Whether the token endpoint answers, and whether it is the token endpoint that does. */
import { peerText } from "../../platform/text.ts";
import type { Finding, Machine, MachineCheck } from "../check.ts";
import { askProvider, isJson, isWayOpen, tokenEndpoints } from "../network.ts";
import { shellLine } from "../../platform/shell.ts";

export const providerReach: MachineCheck = {
  of: "machine",
  id: "provider-reach",
  title: "the provider's token endpoint",
  worst: "error",
  async examine(machine) {
    const findings = await Promise.all(tokenEndpoints(machine).map((url) => examineEndpoint(machine, url)));
    return findings.flat();
  },
};

async function examineEndpoint(machine: Machine, url: URL): Promise<Finding[]> {
  if (!(await isWayOpen(machine, url))) return [];
  const answer = await askProvider(machine, url);
  if (answer.kind === "answered" && !isTroubled(answer.status) && isJson(answer.contentType)) return [];
  if (await hasRenewed(machine, url)) return []; // it answers where it matters
  if (answer.kind === "unreachable" || answer.kind === "timeout") return [unreachable(url, answer.reason)];
  if (answer.kind !== "answered") return [];
  const { status } = answer;
  const type = peerText(answer.contentType.split(";")[0] ?? "", 60);
  return [isTroubled(status) ? troubled(url, status) : stranger(url, status, type)];
}

function isTroubled(status: number): boolean {
  return status === 429 || status >= 500;
}

/** Whether some account has just had a token from there. */
async function hasRenewed({ accounts }: Machine, url: URL): Promise<boolean> {
  const its = accounts.filter(({ account }) => account.provider.endpoints.token === url.href);
  const answers = await Promise.all(its.map((subject) => subject.renewal()));
  return answers.some((answer) => !(answer instanceof Error));
}

function unreachable(url: URL, reason: string): Finding {
  return {
    severity: "error",
    seen: reason,
    means: "Tokens cannot be renewed. Mail programs go on until the present token ends, within the hour.",
    remedy: [shellLine(["curl", "-sS", "-o", "/dev/null", `https://${url.host}/`])],
    advice: "Is the network up, and does a firewall let https to that host through?",
  };
}

function troubled(url: URL, status: number): Finding {
  return {
    severity: "warning",
    seen: `${url.host} answers ${status}`,
    means: "The provider has a passing trouble. Nothing is lost; mailkey tries again by itself.",
    remedy: ["mailkey doctor"],
    advice: "Wait a few minutes first.",
  };
}

function stranger(url: URL, status: number, type: string): Finding {
  return {
    severity: "error",
    seen: `${url.host} answers ${status} with ${type === "" ? "nothing" : type} instead of JSON`,
    means:
      "Something else answers in the provider's place: the sign-in page of a hotel's or company's network, or a filter. " +
      "Tokens cannot be renewed through it.",
    remedy: [],
    advice: "Open any web page in a browser and sign in to the network there, or use another network.",
  };
}
