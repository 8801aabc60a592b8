import { cp, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { type AppConfiguration, columnOfAttribute, readConfiguration } from '@darkroom/app-configuration'
import type { Command } from 'commander'
import { parse, stringify } from 'yaml'
import * as z from 'zod'

const SOURCE = join(import.meta.dirname, '../../../../docs/superset/dashboard')
/** More than these would not be found in Superset's list. */
const MAX_FILTERS = 20

/** `pnpm darkroom analytics superset FOLDER`: the dashboard for Apache Superset. */
export function addSuperset(analytics: Command): void {
  analytics
    .command('superset')
    .description(
      'write the dashboard for Apache Superset, with a filter for each attribute that an app declares',
    )
    .argument('<folder>', 'where to write the folder dashboard')
    .action(async (folder: string) => {
      const { target, columns } = await writeSupersetDashboard(folder, readConfiguration().apps)
      console.log(relative(process.env.INIT_CWD ?? '.', target))
      if (columns.length > MAX_FILTERS) {
        console.log(
          `It has filters for ${MAX_FILTERS} of ${columns.length} attributes. All are columns of its data set.`,
        )
      }
    })
}

/** The parts of Superset's export that depend on the declared attributes. */
const Dataset = z.looseObject({ table_name: z.string(), uuid: z.string(), columns: z.array(z.unknown()) })
const Chart = z.object({ uuid: z.string(), dataset_uuid: z.string() })
const Board = z.looseObject({
  position: z.record(z.string(), z.unknown()),
  metadata: z.looseObject({ native_filter_configuration: z.array(z.unknown()) }),
})
const PlacedChart = z.looseObject({ meta: z.looseObject({ uuid: z.string(), chartId: z.number() }) })

/** Replaces `dashboard` in a folder by that of the repository, with columns and filters for the declared attributes. */
export async function writeSupersetDashboard(folder: string, apps: AppConfiguration['apps']) {
  const target = join(folder, 'dashboard')
  await rm(target, { recursive: true, force: true })
  await mkdir(folder, { recursive: true })
  await cp(SOURCE, target, { recursive: true })
  const columns = attributeColumns(apps)
  const images = await edit(
    join(target, 'datasets/Darkroom/images_with_attributes.yaml'),
    Dataset,
    (dataset) => ({
      ...dataset,
      columns: [...dataset.columns, ...columns.map(toColumn)],
    }),
  )
  const charts = await readCharts(join(target, 'charts'))
  const others = charts.flatMap(({ uuid, dataset_uuid }) => (dataset_uuid === images.uuid ? [] : uuid))
  await edit(join(target, 'dashboards/Darkroom.yaml'), Board, ({ metadata, ...board }) => {
    const excluded = Object.values(board.position).flatMap((part) => {
      const placed = PlacedChart.safeParse(part).data
      return placed && others.includes(placed.meta.uuid) ? placed.meta.chartId : []
    })
    const filters = columns.slice(0, MAX_FILTERS).map((column) => toFilter(column, images.uuid, excluded))
    const all = [...metadata.native_filter_configuration, ...filters]
    return { ...board, metadata: { ...metadata, native_filter_configuration: all } }
  })
  return { target, columns }
}

async function readCharts(folder: string): Promise<z.infer<typeof Chart>[]> {
  const files = await readdir(folder)
  return Promise.all(
    files.map(async (file) => Chart.parse(parse(await readFile(join(folder, file), 'utf8')))),
  )
}

async function edit<Type>(
  file: string,
  schema: z.ZodType<Type>,
  change: (content: Type) => Type,
): Promise<Type> {
  const content = schema.parse(parse(await readFile(file, 'utf8')))
  await writeFile(file, stringify(change(content)))
  return content
}

interface AttributeColumn {
  name: string
  /** `rating (number)` */
  label: string
  type: keyof typeof TYPES
  description: string | undefined
}

const TYPES = { string: 'VARCHAR', number: 'DOUBLE', boolean: 'BOOLEAN', time: 'TIMESTAMP' }

/** Each column once, as apps can share it. */
function attributeColumns(apps: AppConfiguration['apps']): AttributeColumn[] {
  const columns = Object.values(apps).flatMap(({ attributes = {} }) =>
    Object.entries(attributes).map(([attribute, { type, description }]): [string, AttributeColumn] => {
      const name = columnOfAttribute(attribute, type)
      return [
        name,
        { name, label: type === 'string' ? attribute : `${attribute} (${type})`, type, description },
      ]
    }),
  )
  return [...new Map(columns).values()].toSorted((one, other) => (one.name < other.name ? -1 : 1))
}

function toColumn({ name, label, type, description }: AttributeColumn) {
  return {
    column_name: name,
    verbose_name: label,
    type: TYPES[type],
    is_dttm: type === 'time',
    groupby: true,
    filterable: true,
    ...(description !== undefined && { description }),
  }
}

/** Charts of other data sets are out of its scope. Its values are those of the selected apps. */
function toFilter({ name, label, type }: AttributeColumn, datasetUuid: string, excluded: number[]) {
  return {
    id: `NATIVE_FILTER-${name}`,
    name: label,
    filterType: type === 'number' ? 'filter_range' : 'filter_select',
    type: 'NATIVE_FILTER',
    targets: [{ column: { name }, datasetUuid }],
    scope: { rootPath: ['ROOT_ID'], excluded },
    controlValues: { enableEmptyFilter: false, multiSelect: true },
    defaultDataMask: { extraFormData: {}, filterState: {}, ownState: {} },
    cascadeParentIds: ['NATIVE_FILTER-app'],
  }
}
