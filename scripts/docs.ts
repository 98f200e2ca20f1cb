/** Writes the pages that are made from data: docs/errors.md. A test says when they are no longer true. */
import { writeFileSync } from "node:fs";
import { errorsPage } from "../src/explain/page.ts";

writeFileSync(new URL("../docs/errors.md", import.meta.url), errorsPage());
process.stdout.write("wrote docs/errors.md\n");
