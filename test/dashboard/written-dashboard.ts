import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type AppConfiguration, readConfiguration } from '@darkroom/app-configuration'
import { configurationFile } from '@darkroom/app-configuration/testing'
import { generateImages, type LocalCatalogue, openDocuments } from '@darkroom/catalogue'
import type { MetadataDocument } from '@darkroom/core'
import { writeDashboard } from '@darkroom/dashboard'

/** Made-up images of the last days, a catalogue of them, and the dashboard of that in a folder. */
export interface WrittenDashboard {
  folder: string
  documents: MetadataDocument[]
  catalogue: LocalCatalogue
  stop(): Promise<void>
}

const string = { type: 'string' as const }
/** One of the apps of the generated images declares their attributes, and one that none of them has. */
export const DECLARING_APPS: AppConfiguration['apps'] = {
  ...readConfiguration('apps.json').apps,
  shop: { attributes: { licence: string, photographer: string, sku: string, rating: { type: 'number' } } },
}

/** How many images of web-app-1 are refused today. */
export const REFUSED = 40
const REFUSED_TODAY = `INSERT INTO collected_refusals BY NAME SELECT
  'image.refused.v1' AS type, strftime(now(), '%Y-%m-%dT%H:%M:%S.000Z') AS time, uuid() AS id,
  {'app': 'web-app-1', 'origin': 'http', 'refusal_type': 'type-mismatch', 'refusals': ${REFUSED}} AS data`

export async function writtenDashboard(
  images: number,
  days: number,
  uploadPages: { name: string; url: string }[] = [],
): Promise<WrittenDashboard> {
  const folder = await mkdtemp(join(tmpdir(), 'darkroom-dashboard-'))
  process.env.APPS_FILE = configurationFile({ apps: DECLARING_APPS })
  const until = new Date().toISOString()
  const file = await generateImages(folder, { images, seed: 6, days, until }, 'json')
  const lines = (await readFile(file, 'utf8')).split('\n').filter(Boolean)
  const documents = lines.map((line): MetadataDocument => JSON.parse(line))
  const catalogue = await openDocuments(file)
  if (images > 0) await catalogue.query(REFUSED_TODAY)
  await writeDashboard(catalogue, folder, { days: 365 }, uploadPages)
  return {
    folder,
    documents,
    catalogue,
    async stop() {
      catalogue.close()
      await rm(folder, { recursive: true })
    },
  }
}
