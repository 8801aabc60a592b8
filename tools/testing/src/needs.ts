import { describe, test } from '@jest/globals'
import { missingBrowser } from './browser.ts'
import { missingPerl } from './exiftool.ts'

/** A program that tests need besides npm packages. */
interface Need {
  /** The reason why it cannot be used, and what to install. Undefined if it can be used. */
  missing: string | undefined
}

export const BROWSER: Need = { missing: missingBrowser() }
export const EXIFTOOL: Need = { missing: missingPerl() }

/** Runs the tests if the need is met. Otherwise it is one skipped test, and a line says what to install. */
export function describeWith({ missing }: Need, name: string, tests: () => void): void {
  if (missing) {
    const skipped = `${name}: skipped, ${missing}`
    console.warn(skipped)
    test.skip(skipped, () => {})
  } else describe(name, tests)
}
