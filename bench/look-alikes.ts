/**
 * Measures which edited copies of photographs the search for look-alikes finds, and which different photographs look alike:
 * `pnpm bench:look-alikes FOLDER [--edit-every N]`. FOLDER has JPEG files of different things, a thousand or more; every
 * fourth one is edited. Each copy is searched for in an app of its own, by the statement that the schedules run; all originals are
 * compared with each other.
 *
 * Other photographs give other figures, above all for crops. Processor time does not matter here, so any machine will do.
 */

import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { MAX_DIFFERING_BITS, mergeLookAlikesStatement } from '@darkroom/analytics'
import { ATHENA_SESSION, createTables } from '@darkroom/catalogue'
import { PERCEPTUAL_HASH_VERSION } from '@darkroom/core'
import { formatTable, scriptOptions, stop } from '@darkroom/terminal'
import { DuckDBInstance } from '@duckdb/node-api'
import sharp, { type Sharp } from 'sharp'
import { perceptualHash } from '../services/image-processor/src/development/perceptual-hash.ts'
import { sharpEngine } from '../services/image-processor/src/engines/sharp-engine.ts'

type Edit = (photograph: Sharp, size: { width: number; height: number }) => Sharp

const EDITS: Record<string, Edit[]> = {
  'half the size': [(photograph, { width }) => photograph.resize(Math.round(width / 2))],
  'JPEG 40': [(photograph) => photograph.jpeg({ quality: 40 })],
  'cropped by 5 % on each side': [
    (photograph, { width, height }) => {
      const [left, top] = [Math.round(width * 0.05), Math.round(height * 0.05)]
      return photograph.extract({ left, top, width: width - 2 * left, height: height - 2 * top })
    },
  ],
  'rotated by 2°, black corners': [(photograph) => photograph.rotate(2, { background: 'black' })],
  'brightness ± 20 %': [(photograph) => photograph.linear(1.2), (photograph) => photograph.linear(0.8)],
  'watermark in the centre': [
    (photograph, { width, height }) =>
      photograph.composite([
        {
          input: {
            create: {
              width: Math.round(width * 0.4),
              height: Math.round(height * 0.08),
              channels: 4,
              background: { r: 255, g: 255, b: 255, alpha: 0.5 },
            },
          },
          gravity: 'centre',
        },
      ]),
  ],
  greyscale: [(photograph) => photograph.greyscale()],
  mirrored: [(photograph) => photograph.flop()],
  'screenshot, saved again': [
    (photograph, { width }) => photograph.resize(Math.round(width * 0.83)).jpeg({ quality: 80 }),
  ],
}

interface Hashed {
  app: string
  imageId: string
  hash: string
}

async function hashOf(image: Buffer): Promise<string> {
  const preset = [{ name: 'a', size: 320, format: 'webp', quality: 75 } as const]
  return perceptualHash((await sharpEngine.develop(image, preset)).preview)
}

/** Apps in which the statement finds a look-alike. */
async function searched(images: Hashed[]): Promise<Set<string>> {
  const temporary = await mkdtemp(join(tmpdir(), 'bench-look-alikes-'))
  const instance = await DuckDBInstance.create(':memory:')
  try {
    const connection = await instance.connect()
    for (const statement of [ATHENA_SESSION, ...createTables()]) await connection.run(statement)
    const rows = images.map(({ app, imageId, hash }) => ({
      app,
      image_id: imageId,
      perceptual_hash: hash,
      perceptual_hash_version: PERCEPTUAL_HASH_VERSION,
      status: 'processed',
    }))
    const file = join(temporary, 'images.json')
    await writeFile(file, JSON.stringify(rows))
    await connection.run(
      `INSERT INTO images BY NAME SELECT *, current_date AS dt FROM read_json('${file}', columns = {app: 'VARCHAR', image_id: 'VARCHAR', perceptual_hash: 'VARCHAR', perceptual_hash_version: 'BIGINT', status: 'VARCHAR'})`,
    )
    await connection.run(mergeLookAlikesStatement(3))
    const found = await connection.runAndReadAll('SELECT app FROM near_duplicates')
    return new Set(found.getRowsJson().map(([app]) => String(app)))
  } finally {
    instance.closeSync()
    await rm(temporary, { recursive: true })
  }
}

function differingBits(one: string, other: string): number {
  const bits = BigInt(`0x${one}`) ^ BigInt(`0x${other}`)
  return bits.toString(2).replaceAll('0', '').length
}

const percent = (part: number, of: number) => `${((100 * part) / of).toFixed(1)} %`

const { values: options, positionals } = scriptOptions(import.meta.filename, {
  options: { 'edit-every': { type: 'string', default: '4' } },
  allowPositionals: true,
})
if (positionals[0] === undefined) stop('Name a folder with JPEG files. Run it with --help for more.')
const folder = resolve(process.env.INIT_CWD ?? '.', positionals[0])
const files = (await readdir(folder)).filter((name) => /\.jpe?g$/i.test(name)).sort()

const originals: string[] = []
const copies: (Hashed & { edit: string; bits: number })[] = []
const images: Hashed[] = []
for (const [n, file] of files.entries()) {
  const photograph = await sharp(await readFile(join(folder, file)))
    .autoOrient()
    .toColourspace('srgb')
    .resize(500, 500, { fit: 'inside', withoutEnlargement: true })
    .jpeg({ quality: 95 })
    .toBuffer()
  const hash = await hashOf(photograph)
  originals.push(hash)
  if (n % Number(options['edit-every']) > 0) continue
  const size = await sharp(photograph).metadata()
  for (const [edit, ways] of Object.entries(EDITS)) {
    for (const [way, change] of ways.entries()) {
      const copy = await hashOf(await change(sharp(photograph), size).toBuffer())
      const app = `${n} ${edit} ${way}`
      images.push({ app, imageId: 'a', hash }, { app, imageId: 'b', hash: copy })
      copies.push({ app, imageId: 'b', hash: copy, edit, bits: differingBits(hash, copy) })
    }
  }
}

const found = await searched(images)
const rows = Object.keys(EDITS).map((edit) => {
  const ofEdit = copies.filter((copy) => copy.edit === edit)
  const near = ofEdit.filter(({ bits }) => bits <= MAX_DIFFERING_BITS).length
  const shares = [near, ofEdit.filter(({ app }) => found.has(app)).length].map((n) => n / ofEdit.length)
  return { edit, count: ofEdit.length, shares }
})
const mean = [0, 1].map((n) => rows.reduce((sum, { shares }) => sum + (shares[n] ?? 0), 0) / rows.length)
console.log(
  formatTable(
    ['edit', 'copies', `at most ${MAX_DIFFERING_BITS} bits`, 'found'],
    [...rows, { edit: 'mean', count: copies.length, shares: mean }].map(({ edit, count, shares }) => [
      edit,
      String(count),
      ...shares.map((share) => percent(share, 1)),
    ]),
  ),
)
const pairs = originals.flatMap((one, n) => originals.slice(n + 1).map((other) => differingBits(one, other)))
const alike = pairs.filter((bits) => bits <= MAX_DIFFERING_BITS).length
console.log(
  `Different photographs: ${alike} of ${pairs.length.toLocaleString('en')} pairs have at most ${MAX_DIFFERING_BITS} differing bits`,
)
