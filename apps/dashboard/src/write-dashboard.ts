import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
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
  const collected = await collectFigures(catalogue, period)
  const figures: Figures = { ...collected, refreshSeconds: REFRESH_SECONDS, uploadPages }
  const { names } = await buildPage(PAGE_SOURCE, folder)
  await writeFile(join(folder, 'figures.json'), JSON.stringify(figures))
  return [...names, 'figures.json'].map((name) => join(folder, name))
}
