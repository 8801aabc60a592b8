import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Catalogue } from '@darkroom/analytics'
import { buildPage } from '@darkroom/page/build'
import { collectFigures, type Period } from './collect-figures.ts'
import type { Figures } from './figures.ts'

/** The folder with the page's source, for `@darkroom/page`. */
export const PAGE_SOURCE = join(import.meta.dirname, '..', 'page')

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
  const { figures: collected, attributeFiles } = await collectFigures(catalogue, period)
  const figures: Figures = { ...collected, refreshSeconds: REFRESH_SECONDS, uploadPages }
  const { names } = await buildPage(PAGE_SOURCE, folder)
  const data = { ...attributeFiles, 'figures.json': figures }
  for (const [name, content] of Object.entries(data)) {
    await mkdir(dirname(join(folder, name)), { recursive: true })
    await writeFile(join(folder, name), JSON.stringify(content))
  }
  return [...names, ...Object.keys(data)].map((name) => join(folder, name))
}
