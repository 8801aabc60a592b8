/** CPU time of decoder and encoders alone, measured with their C programs, without resizing or metadata. */
import { execFile } from 'node:child_process'
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import sharp from 'sharp'

const run = promisify(execFile)

export interface CodecTimes {
  /** Full decode and all encodes: mean user and system time. */
  wholeMs: number
  /** With the decoder's scaling, to the smallest size that is sufficient for the largest output. */
  scaledMs: number
  bytesOut: number
}

/** Programs that are not installed. In Debian they are in libjpeg-turbo-progs and webp. */
export async function missingPrograms(): Promise<string[]> {
  const found = await Promise.allSettled(
    ['djpeg', 'cjpeg', 'cwebp'].map((program) => run('sh', ['-c', `command -v ${program}`])),
  )
  return ['djpeg', 'cjpeg', 'cwebp'].filter((_, i) => found[i]?.status === 'rejected')
}

/** libjpeg-turbo and libwebp, as Debian builds them, for the three outputs of the benchmark. */
export async function timeCodecs(photograph: string, rounds: number): Promise<CodecTimes> {
  const folder = await mkdtemp(join(tmpdir(), 'darkroom-bench-'))
  try {
    const [large, medium, thumb] = await Promise.all(
      [2048, 1024, 320].map((side) => toPpm(photograph, side, folder)),
    )
    const out = (name: string) => join(folder, name)
    const encode = [
      ['cjpeg', '-quality', '80', '-outfile', out('large.jpg'), large],
      ['cjpeg', '-quality', '80', '-outfile', out('medium.jpg'), medium],
      ['cwebp', '-quiet', '-q', '75', '-m', '2', thumb, '-o', out('thumb.webp')],
    ] as string[][]
    const decode = ['djpeg', '-outfile', out('decoded.ppm'), photograph]
    const scale = ['djpeg', '-scale', await scaleFor(photograph), ...decode.slice(1)]
    const encodeMs = await cpuMs(encode, rounds)
    return {
      wholeMs: (await cpuMs([decode], rounds)) + encodeMs,
      scaledMs: (await cpuMs([scale], rounds)) + encodeMs,
      bytesOut: await bytesOf(['large.jpg', 'medium.jpg', 'thumb.webp'].map(out)),
    }
  } finally {
    await rm(folder, { recursive: true })
  }
}

async function toPpm(photograph: string, side: number, folder: string): Promise<string> {
  const { data, info } = await sharp(photograph)
    .autoOrient()
    .resize(side, side, { fit: 'inside', withoutEnlargement: true })
    .raw()
    .toBuffer({ resolveWithObject: true })
  const path = join(folder, `${side}.ppm`)
  await writeFile(path, Buffer.concat([Buffer.from(`P6\n${info.width} ${info.height}\n255\n`), data]))
  return path
}

async function scaleFor(photograph: string): Promise<string> {
  const { width, height } = await sharp(photograph).metadata()
  return `${Math.min(8, Math.ceil((8 * 2048) / Math.max(width, height)))}/8`
}

/** The second line of the shell's `times` is its children's CPU time. */
async function cpuMs(commands: string[][], rounds: number): Promise<number> {
  const script = commands.map((words) => words.map((word) => `'${word}'`).join(' ')).join(' && ')
  const loop = `i=0; while [ $i -lt ${rounds} ]; do ${script} || exit 1; i=$((i+1)); done; times`
  const { stdout } = await run('sh', ['-c', loop])
  const [user = 0, system = 0] = [
    ...(stdout.trim().split('\n').at(-1) ?? '').matchAll(/(\d+)m([\d.]+)s/g),
  ].map(([, minutes, seconds]) => Number(minutes) * 60_000 + Number(seconds) * 1000)
  return (user + system) / rounds
}

async function bytesOf(paths: string[]): Promise<number> {
  const sizes = await Promise.all(paths.map(async (path) => (await stat(path)).size))
  return sizes.reduce((sum, size) => sum + size, 0)
}
