import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { join } from 'node:path'
import sharp from 'sharp'
import { ssim } from 'ssim.js'
import type { Developed } from '../../src/development/develop.ts'

/** What other programs say about a file that was developed. */
export interface OtherDecoders {
  /** Why `djpeg` and we disagree about damage; undefined if they agree, or cannot be compared. */
  disagreement(original: Buffer, developed: Developed): string | undefined
  /** The smallest variant beside Pillow's picture; undefined if Pillow cannot decode the file. */
  likeness(file: string, developed: Developed): Promise<Likeness | undefined>
  close(): void
}

/** Of two pictures. Shapes that differ change the first, and brightness and transparency the second. */
export interface Likeness {
  /** 0 to 1. */
  ssim: number
  /** The share of pixels of which a channel differs by more than a quarter of its range. */
  far: number
}

/** Whatever is not installed is left out: `djpeg` of libjpeg-turbo, `python3` with Pillow. */
export function openOtherDecoders(): OtherDecoders {
  const hasDjpeg = runs('djpeg', ['-version'])
  const pillow = runs('python3', ['-c', 'import PIL']) ? startPillow() : undefined
  return {
    disagreement: (original, developed) =>
      hasDjpeg && original[0] === 0xff ? compareDamage(original, developed) : undefined,
    likeness: async (file, developed) => pillow && compareSmallest(file, developed, pillow.decode),
    close: () => pillow?.close(),
  }
}

function runs(program: string, args: string[]): boolean {
  try {
    execFileSync(program, args, { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

/** `-strict` makes every warning an error. */
function compareDamage(input: Buffer, { warnings }: Developed): string | undefined {
  const { status, stderr } = spawnSync('djpeg', ['-strict', '-scale', '1/8', '-outfile', '/dev/null'], {
    input,
  })
  const isDamaged = status !== 0
  if (isDamaged === warnings.includes('damaged-data')) return undefined
  return isDamaged ? `djpeg: ${stderr.toString('latin1').trim().split('\n').at(-1)}` : 'djpeg: no complaint'
}

type Decode = (file: string, size: { width: number; height: number }) => Promise<Buffer>

async function compareSmallest(
  file: string,
  developed: Developed,
  decode: Decode,
): Promise<Likeness | undefined> {
  const smallest = developed.variants.toSorted((a, b) => a.width * a.height - b.width * b.height)[0]
  if (!smallest) return undefined
  const { width, height, data } = smallest
  const theirs = await decode(file, { width, height })
  // SSIM's window is 11 pixels wide.
  if (theirs.length === 0 || Math.min(width, height) < 11) return undefined
  const ours = await sharp(data, { pages: 1 }).flatten({ background: 'white' }).ensureAlpha().raw().toBuffer()
  const rgba = await sharp(theirs, { raw: { width, height, channels: 3 } })
    .ensureAlpha()
    .raw()
    .toBuffer()
  const picture = (pixels: Buffer) => ({ width, height, data: new Uint8ClampedArray(pixels) })
  return {
    ssim: ssim(picture(ours), picture(rgba), { downsample: false }).mssim,
    far: shareOfFarPixels(ours, rgba),
  }
}

function shareOfFarPixels(ours: Buffer, theirs: Buffer): number {
  let far = 0
  for (let at = 0; at < ours.length; at += 4)
    if ([0, 1, 2].some((c) => Math.abs((ours[at + c] ?? 0) - (theirs[at + c] ?? 0)) > 64)) far++
  return far / (ours.length / 4)
}

/** One process for all files, because starting Python takes longer than decoding. */
function startPillow(): { decode: Decode; close: () => void } {
  const program = join(import.meta.dirname, 'decode-with-pillow.py')
  const child = spawn('python3', [program], { stdio: ['pipe', 'pipe', 'ignore'] })
  let held: Buffer = Buffer.alloc(0)
  let wake = () => {}
  child.stdout.on('data', (more: Buffer) => {
    held = Buffer.concat([held, more])
    wake()
  })
  async function take(bytes: number): Promise<Buffer> {
    while (held.length < bytes)
      await new Promise<void>((arrived) => {
        wake = arrived
      })
    const taken = held.subarray(0, bytes)
    held = held.subarray(bytes)
    return taken
  }
  return {
    decode: async (file, { width, height }) => {
      child.stdin.write(`${width} ${height} ${file}\n`)
      return take((await take(4)).readUInt32BE(0))
    },
    close: () => child.stdin.end(),
  }
}
