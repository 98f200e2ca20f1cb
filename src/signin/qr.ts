/** A QR code drawn in the terminal, on this machine: nobody else learns the address in it. */
import { encode } from "uqr";

export interface QrCanvas {
  readonly columns: number;
  readonly utf8: boolean;
  /** Black on white whatever the terminal's colours are; without it, dark terminals are assumed. */
  readonly colour: boolean;
}

/** Readers need a margin; four modules by the standard, two by experience. */
const MARGIN_MODULES = 2;
const BLACK_ON_WHITE = "\u001b[30;107m";
const RESET = "\u001b[0m";

/** @returns its lines, two rows of modules in each; undefined when the terminal is too narrow or not UTF-8 */
export function drawQr(text: string, canvas: QrCanvas): string[] | undefined {
  if (!canvas.utf8) return undefined;
  const { data, size } = encode(text, { ecc: "L", border: MARGIN_MODULES });
  if (size > canvas.columns) return undefined;
  // Where colours cannot be set, the terminal's ink draws the light modules: right on dark terminals, inverted on light ones.
  const inked = (row: number, column: number) => ((data[row]?.[column] ?? false) ? canvas.colour : !canvas.colour);
  const lines: string[] = [];
  for (let row = 0; row < size; row += 2) {
    let line = "";
    for (let column = 0; column < size; column++) {
      const [top, bottom] = [inked(row, column), row + 1 < size && inked(row + 1, column)];
      line += top ? (bottom ? "█" : "▀") : bottom ? "▄" : " ";
    }
    lines.push(canvas.colour ? `${BLACK_ON_WHITE}${line}${RESET}` : line);
  }
  return lines;
}

/** Whether the locale says UTF-8; macOS terminals and Windows Terminal are without saying so. */
export function speaksUtf8(env: Readonly<Record<string, string | undefined>>, platform: NodeJS.Platform): boolean {
  if (platform === "win32") return env["WT_SESSION"] !== undefined;
  const locale = [env["LC_ALL"], env["LC_CTYPE"], env["LANG"]].find((value) => value !== undefined && value !== "");
  return locale === undefined ? platform === "darwin" : /utf-?8/i.test(locale);
}
