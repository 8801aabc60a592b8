import { createHash } from 'node:crypto'
import { renameSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { AppConfiguration } from '../configuration.ts'
import { readConfiguration } from '../read-configuration.ts'

/**
 * Writes a configuration that differs from the repository's in some parts, and returns its path for APPS_FILE. The same
 * configuration has the same path. A handler reads the file when it is imported.
 */
export function configurationFile(different: Partial<AppConfiguration>): string {
  const text = JSON.stringify({ ...readConfiguration('apps.json'), ...different })
  const digest = createHash('sha256').update(text).digest('hex').slice(0, 12)
  const file = join(tmpdir(), `darkroom-apps-${digest}.json`)
  // Several test files may use the same configuration at the same time: none of them may see half of it.
  const whole = `${file}.${process.pid}`
  writeFileSync(whole, text)
  renameSync(whole, file)
  return file
}
