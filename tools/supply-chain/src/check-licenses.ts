import satisfies from 'spdx-satisfies'
import { ALLOWED_LICENSES, DECLARED_LICENSES, type DeclaredLicense } from './license-policy.ts'

/** What `pnpm licenses list --json` prints: the packages by license. */
export type LicenseList = Record<string, { name: string; versions: string[] }[]>

/** What is wrong with the licenses of a list of packages, a sentence each; and the declared packages that it has. */
export interface LicenseReport {
  problems: string[]
  declared: { name: string; license: string; reason: string }[]
}

const covers = ({ name }: DeclaredLicense, packageName: string) =>
  name.endsWith('*') ? packageName.startsWith(name.slice(0, -1)) : packageName === name

function isAllowed(license: string): boolean {
  try {
    return satisfies(license, ALLOWED_LICENSES)
  } catch {
    // Not an SPDX expression, such as "SEE LICENSE IN …" or "Unknown".
    return false
  }
}

/** Compares licenses with `license-policy.ts`. A declared package that is gone or has changed its license is a problem, too. */
export function checkLicenses(list: LicenseList, declarations = DECLARED_LICENSES): LicenseReport {
  const problems: string[] = []
  const declared: LicenseReport['declared'] = []
  const packages = Object.entries(list).flatMap(([license, found]) =>
    found.map(({ name }) => ({ name, license })),
  )
  for (const { name, license } of packages) {
    const declaration = declarations.find((one) => covers(one, name))
    if (declaration?.license === license) declared.push({ name, license, reason: declaration.reason })
    else if (!isAllowed(license))
      problems.push(
        `${name} has the license ${license}. Use another package, or declare it in tools/supply-chain/src/license-policy.ts.`,
      )
  }
  for (const declaration of declarations)
    if (!packages.some(({ name, license }) => covers(declaration, name) && license === declaration.license))
      problems.push(
        `No package ${declaration.name} has the license ${declaration.license}. Delete its declaration in tools/supply-chain/src/license-policy.ts.`,
      )
  return { problems, declared }
}
