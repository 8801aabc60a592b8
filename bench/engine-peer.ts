/** Runs one peer on one photograph in its own process: `node bench/engine-peer.ts PEER PHOTOGRAPH ROUNDS`. */
import { readFile } from 'node:fs/promises'

export interface Measurement {
  /** Median of user and system time of all threads. */
  cpuMs: number
  peakMb: number
  bytesOut: number
}

type Develop = (original: Buffer) => Promise<number>

const PRESET = {
  version: 1,
  variants: [
    { name: 'large', size: 2048, format: 'jpeg', quality: 80 } as const,
    { name: 'medium', size: 1024, format: 'jpeg', quality: 80 } as const,
    { name: 'thumb', size: 320, format: 'webp', quality: 75 } as const,
  ],
}

/** Each process loads only one peer, so that memory can be compared. */
const PEERS: Record<string, () => Promise<Develop>> = {
  darkroom: async () => {
    const { sharpEngine } = await import('../services/image-processor/src/engines/sharp-engine.ts')
    return ours(sharpEngine)
  },
  jimp: async () => {
    const { jimpEngine } = await import('../services/image-processor/src/engines/jimp-engine.ts')
    return ours(jimpEngine)
  },
  typical: async () => {
    const { developTypically } = await import('../services/image-processor/test/typical-sharp.ts')
    return developTypically
  },
  decode: async () => {
    const { sharp } = await import('../services/image-processor/src/engines/restricted-sharp.ts')
    return async (original) => (await sharp(original, { ignoreIcc: true }).raw().toBuffer()).length
  },
}

async function ours(
  engine: import('../services/image-processor/src/engines/image-engine.ts').ImageEngine,
): Promise<Develop> {
  const { develop } = await import('../services/image-processor/src/development/develop.ts')
  return async (original) => {
    const { variants } = await develop(engine, original, PRESET)
    return variants.reduce((sum, { data }) => sum + data.length, 0)
  }
}

async function measure(develop: Develop, original: Buffer, rounds: number): Promise<Measurement> {
  for (let round = 0; round < rounds / 2; round++) await develop(original) // warm-up
  const times: number[] = []
  let bytesOut = 0
  for (let round = 0; round < rounds; round++) {
    const before = process.cpuUsage()
    bytesOut = await develop(original)
    const { user, system } = process.cpuUsage(before)
    times.push((user + system) / 1000)
  }
  times.sort((a, b) => a - b)
  const cpuMs = times[Math.floor(times.length / 2)] ?? Number.NaN
  return { cpuMs, peakMb: process.resourceUsage().maxRSS / 1024, bytesOut }
}

const [peer = '', photograph = '', rounds = '5'] = process.argv.slice(2)
const load = PEERS[peer]
if (!load) throw new Error(`unknown peer "${peer}" (available: ${Object.keys(PEERS).join(', ')})`)
process.stdout.write(JSON.stringify(await measure(await load(), await readFile(photograph), Number(rounds))))
