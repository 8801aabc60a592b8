/**
 * `pnpm lighthouse`: measures the three pages, with pictures on them, by Lighthouse's emulation of a phone. Prints the
 * scores and fails if one is too low. npx downloads Lighthouse, because it is 186 MB.
 */
import { execFile } from 'node:child_process'
import { parseArgs, promisify } from 'node:util'
import {
  developPhotograph,
  findPhotographs,
  freePort,
  freePorts,
  type Stack,
  startStack,
} from '@darkroom/local-stack'
import { formatTable } from '@darkroom/terminal'
import { missingBrowser, openBrowser } from '@darkroom/testing'
import pMap from 'p-map'
import { serveFolder } from './dashboard/serve-folder.ts'
import { writtenDashboard } from './dashboard/written-dashboard.ts'

const LIGHTHOUSE = 'lighthouse@13.5.0'
const LEAST = { performance: 90, accessibility: 100 }
/** Lighthouse emulates a phone by this factor. It assumes a fast machine, so a slow or busy one has to use a lower one. */
const CPU_SLOWDOWN = 4

const METRICS = {
  'first-contentful-paint': 'FCP',
  'largest-contentful-paint': 'LCP',
  'total-blocking-time': 'blocked',
  'cumulative-layout-shift': 'CLS',
  'total-byte-weight': 'bytes',
}

interface Report {
  environment: { benchmarkIndex: number }
  configSettings: { throttling: { cpuSlowdownMultiplier: number } }
  categories: Record<keyof typeof LEAST, { score: number | null }>
  audits: Record<string, { id: string; title: string; score: number | null; displayValue?: string }>
}

const { values } = parseArgs({ options: { verbose: { type: 'boolean', default: false } } })

/** Lighthouse opens a tab in the browser with this port. */
async function measure(url: string, browserPort: number, slowdown = CPU_SLOWDOWN): Promise<Report> {
  const { stdout } = await promisify(execFile)(
    'npx',
    [
      '--yes',
      LIGHTHOUSE,
      url,
      `--port=${browserPort}`,
      `--only-categories=${Object.keys(LEAST)}`,
      `--throttling.cpuSlowdownMultiplier=${slowdown}`,
      '--output=json',
      '--quiet',
    ],
    { maxBuffer: 64 * 1024 * 1024 },
  )
  return JSON.parse(stdout)
}

/** A page that fails is measured once more, with the factor for the speed of this machine at that moment. */
async function measureFairly(url: string, browserPort: number): Promise<Report> {
  const report = await measure(url, browserPort)
  if (failed(report).length === 0) return report
  return measure(url, browserPort, slowdownFor(report.environment.benchmarkIndex))
}

/** From https://github.com/GoogleChrome/lighthouse/blob/main/docs/throttling.md#cpu-throttling and its calculator. */
function slowdownFor(benchmarkIndex: number): number {
  const steps: [index: number, slowdown: number][] = [
    [150, 1],
    [800, 2],
    [1300, 3],
    [1533, CPU_SLOWDOWN],
  ]
  const above = steps.findIndex(([index]) => index >= benchmarkIndex)
  if (above === -1) return CPU_SLOWDOWN
  const [index, slowdown] = steps[above] ?? [0, 1]
  const [lowerIndex, lowerSlowdown] = steps[above - 1] ?? [0, 1]
  return lowerSlowdown + ((slowdown - lowerSlowdown) * (benchmarkIndex - lowerIndex)) / (index - lowerIndex)
}

function scoreOf({ categories }: Report, name: keyof typeof LEAST): number {
  return Math.round((categories[name].score ?? 0) * 100)
}

function failed(report: Report): (keyof typeof LEAST)[] {
  const names = Object.keys(LEAST) as (keyof typeof LEAST)[]
  return names.filter((name) => scoreOf(report, name) < LEAST[name])
}

function rowOf(name: string, report: Report): unknown[] {
  const metrics = Object.keys(METRICS).map((id) =>
    report.audits[id]?.displayValue?.replace('Total size was ', ''),
  )
  return [
    name,
    scoreOf(report, 'performance'),
    scoreOf(report, 'accessibility'),
    ...metrics,
    `×${report.configSettings.throttling.cpuSlowdownMultiplier.toFixed(1)}`,
  ]
}

async function addPictures({ endpoints }: Stack): Promise<void> {
  const photographs = await findPhotographs([])
  await pMap(
    photographs.flatMap((photograph) => (['HTTP', 'Kafka'] as const).map((way) => ({ way, photograph }))),
    ({ way, photograph }) => developPhotograph(endpoints, way, photograph),
    { concurrency: 2 },
  )
}

async function measureAll(): Promise<Map<string, Report>> {
  const browserPort = await freePort()
  const browser = await openBrowser([`--remote-debugging-port=${browserPort}`])
  const written = await writtenDashboard(12_000, 60)
  const site = await serveFolder(written.folder)
  const stack = await startStack({ ports: await freePorts() })
  try {
    await addPictures(stack)
    const pages = {
      Loupe: stack.endpoints.webApp1,
      'Field Notes': stack.endpoints.webApp2,
      Lightmeter: site.url,
    }
    const reports = new Map<string, Report>()
    for (const [name, url] of Object.entries(pages)) reports.set(name, await measureFairly(url, browserPort))
    return reports
  } finally {
    await stack.stop()
    await site.stop()
    await written.stop()
    await browser.close()
  }
}

function explain(name: string, report: Report): void {
  const low = failed(report).map((category) => `${category} below ${LEAST[category]}`)
  console.log(`\n${name}: ${low.join(', ') || 'passed'}`)
  const audits = Object.values(report.audits).filter(({ score }) => score !== null && score < 0.9)
  for (const { id, title, displayValue = '' } of audits) console.log(`  ${id}: ${title} ${displayValue}`)
}

const missing = missingBrowser()
if (missing) console.log(`SKIPPED: Lighthouse, ${missing}`)
else {
  const reports = await measureAll()
  const rows = [...reports].map(([name, report]) => rowOf(name, report))
  console.log(formatTable(['page', ...Object.keys(LEAST), ...Object.values(METRICS), 'CPU'], rows, 100))
  for (const [name, report] of reports) {
    if (values.verbose || failed(report).length > 0) explain(name, report)
    if (failed(report).length > 0) process.exitCode = 1
  }
}
