import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Catalogue } from '@darkroom/analytics'
import { buildPage } from './build-page.ts'
import { collectFigures, type Period } from './collect-figures.ts'
import type { Figures } from './figures.ts'

/** For a static copy that is rewritten now and then. */
const REFRESH_SECONDS = 60

/**
 * Writes the page and its data as files, for any web server or bucket.
 *
 * @returns their paths
 */
export async function writeDashboard(
  catalogue: Catalogue,
  folder: string,
  period: Period,
  uploadPages: Figures['uploadPages'] = [],
): Promise<string[]> {
  const collected = await collectFigures(catalogue, period)
  const figures: Figures = { ...collected, refreshSeconds: REFRESH_SECONDS, uploadPages }
  const files = [...(await buildPage()), { name: 'figures.json', body: Buffer.from(JSON.stringify(figures)) }]
  await mkdir(folder, { recursive: true })
  for (const { name, body } of files) await writeFile(join(folder, name), body)
  return files.map(({ name }) => join(folder, name))
}
