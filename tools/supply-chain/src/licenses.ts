/** `pnpm check:licenses`: reads what `pnpm licenses list --json` prints, and reports the licenses of what Darkroom ships. */
import { text } from 'node:stream/consumers'
import { checkLicenses, type LicenseList } from './check-licenses.ts'

const list: LicenseList = JSON.parse(await text(process.stdin))
const { problems, declared } = checkLicenses(list)
for (const [license, packages] of Object.entries(list))
  console.log(`${String(packages.length).padStart(4)} ${license}`)
for (const { name, license, reason } of declared) console.log(`${name} (${license}):\n  ${reason}`)
for (const problem of problems) console.error(problem)
process.exitCode = problems.length > 0 ? 1 : 0
