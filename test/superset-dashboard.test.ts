import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { parse } from 'yaml'
import * as z from 'zod'
import { writeSupersetDashboard } from '../tools/cli/src/commands/superset.ts'
import { DECLARING_APPS, type WrittenDashboard, writtenDashboard } from './dashboard/written-dashboard.ts'

/** The parts of Superset's export that this test reads. */
const Dataset = z.object({
  table_name: z.string(),
  uuid: z.uuid(),
  columns: z.array(z.object({ column_name: z.string() })),
  metrics: z.array(z.object({ metric_name: z.string(), expression: z.string() })),
})
const Chart = z.object({
  uuid: z.uuid(),
  dataset_uuid: z.uuid(),
  params: z.object({
    metric: z.string().optional(),
    metrics: z.array(z.string()).default([]),
    groupby: z.array(z.string()).default([]),
    x_axis: z.string().optional(),
    adhoc_filters: z.array(z.object({ subject: z.string() })),
  }),
})
const Filter = z.object({
  name: z.string(),
  filterType: z.string(),
  targets: z.array(
    z.object({ column: z.object({ name: z.string() }).optional(), datasetUuid: z.uuid().optional() }),
  ),
  scope: z.object({ excluded: z.array(z.number()) }),
  cascadeParentIds: z.array(z.string()),
})
const Board = z.object({
  metadata: z.object({ native_filter_configuration: z.array(Filter) }),
  position: z.record(
    z.string(),
    z.union([z.string(), z.looseObject({ meta: z.looseObject({}).optional() })]),
  ),
})

const target = await mkdtemp(join(tmpdir(), 'darkroom-superset-'))
const { target: folder } = await writeSupersetDashboard(target, DECLARING_APPS)
async function read<Type>(where: string, schema: z.ZodType<Type>): Promise<Record<string, Type>> {
  const files = await readdir(join(folder, where))
  const read = files.map(async (file) => {
    const content = parse(await readFile(join(folder, where, file), 'utf8'))
    return [basename(file, '.yaml'), schema.parse(content)] as const
  })
  return Object.fromEntries(await Promise.all(read))
}
const datasets = await read('datasets/Darkroom', Dataset)
const charts = await read('charts', Chart)
const boards = await read('dashboards', Board)

let written: WrittenDashboard
beforeAll(async () => {
  written = await writtenDashboard(1000, 20)
})
afterAll(async () => {
  await rm(target, { recursive: true })
  await written.stop()
})

test.each(Object.values(datasets))(
  'the data set $table_name has existing columns, and metrics with a value',
  async ({ table_name, columns, metrics }) => {
    const names = columns.map(({ column_name }) => column_name)
    const { rows } = await written.catalogue.query(`SELECT ${names.join(', ')} FROM ${table_name}`)
    expect(rows).not.toEqual([])
    const expressions = metrics.map(({ expression }) => expression)
    const { rows: values } = await written.catalogue.query(
      `SELECT ${expressions.join(', ')} FROM ${table_name}`,
    )
    for (const value of values[0] ?? []) expect(Number(value)).toBeGreaterThan(0)
  },
)

test.each(Object.entries(charts))(
  'the chart %s uses only columns and metrics of its data set',
  (_, { dataset_uuid, params }) => {
    const dataset = Object.values(datasets).find(({ uuid }) => uuid === dataset_uuid)
    const columns = dataset?.columns.map(({ column_name }) => column_name)
    const metrics = dataset?.metrics.map(({ metric_name }) => metric_name)
    const { metric, x_axis, groupby, adhoc_filters } = params
    const asked = [...groupby, ...adhoc_filters.map(({ subject }) => subject), ...(x_axis ? [x_axis] : [])]
    expect(columns).toEqual(expect.arrayContaining(asked))
    expect(metrics).toEqual(expect.arrayContaining([...params.metrics, ...(metric ? [metric] : [])]))
  },
)

test('every chart is on the dashboard once', () => {
  const parts = Object.values(boards.Darkroom?.position ?? {})
  const placed = parts.flatMap((part) => (typeof part === 'string' ? [] : (part.meta?.uuid ?? [])))
  expect(placed.toSorted()).toEqual(
    Object.values(charts)
      .map(({ uuid }) => uuid)
      .toSorted(),
  )
})

test('each declared attribute is a filter of the charts that have its column, for values of the selected app', () => {
  const [, , ...filters] = boards.Darkroom?.metadata.native_filter_configuration ?? []
  const images = Object.values(datasets).find(({ table_name }) => table_name === 'images_with_attributes')
  expect(filters.map(({ name, filterType, targets }) => [name, filterType, targets])).toEqual(
    [
      ['licence', 'filter_select', 'attr_licence'],
      ['note', 'filter_select', 'attr_note'],
      ['photographer', 'filter_select', 'attr_photographer'],
      ['rating (number)', 'filter_range', 'attr_rating_number'],
      ['sku', 'filter_select', 'attr_sku'],
    ].map(([name, type, column]) => [name, type, [{ column: { name: column }, datasetUuid: images?.uuid }]]),
  )
  const others = Object.values(charts).filter(({ dataset_uuid }) => dataset_uuid !== images?.uuid)
  expect(others.length).toBeGreaterThan(0)
  for (const { scope, cascadeParentIds } of filters) {
    expect(cascadeParentIds).toEqual(['NATIVE_FILTER-app'])
    expect(scope.excluded.map(chartOf)).toEqual(expect.arrayContaining(others.map(({ uuid }) => uuid)))
    expect(scope.excluded).toHaveLength(others.length)
  }
})

/** The uuid of the chart with a number in the dashboard's layout. */
function chartOf(id: number): unknown {
  const parts = Object.values(boards.Darkroom?.position ?? {})
  return parts.flatMap((part) =>
    typeof part !== 'string' && part.meta?.chartId === id ? [part.meta.uuid] : [],
  )[0]
}
