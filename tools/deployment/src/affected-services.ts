import { globSync, readFileSync } from 'node:fs'
import { dirname, join, matchesGlob, relative } from 'node:path'
import { parse } from 'yaml'

/** Files that all services are made of: what decides which versions of packages are installed, and the configuration of the apps. */
const SHARED = ['apps.json', 'package.json', 'pnpm-lock.yaml', 'pnpm-workspace.yaml', 'patches/**']
/** Files that are never part of a deployment. */
const NOT_DEPLOYED = ['**/*.test.ts', '**/*.md', '**/test/**', '**/testing/**']

interface Workspace {
  name: string
  /** Relative to the repository, with a slash at the end. */
  folder: string
  dependencies: string[]
}

/**
 * The services that a change concerns: they contain a changed file, or a package that they depend on does, however far away, or their
 * serverless.yml names the file. What is installed and configured concerns all.
 *
 * @param changed paths relative to the repository
 * @returns names of folders in services/, in the order of their deployment
 */
export function affectedServices(repository: string, changed: string[]): string[] {
  const deployed = changed.filter((path) => !NOT_DEPLOYED.some((pattern) => matchesGlob(path, pattern)))
  const services = servicesInOrder(repository)
  if (deployed.some((path) => SHARED.some((pattern) => matchesGlob(path, pattern)))) return services
  const workspaces = readWorkspaces(repository)
  return services.filter((service) => {
    const sources = sourcesOf(service, workspaces, repository)
    return deployed.some((path) => sources.some((source) => path === source || path.startsWith(`${source}/`)))
  })
}

/** The services that serverless-compose.yml deploys, each after those that it depends on. */
export function servicesInOrder(repository: string): string[] {
  const { services } = parse(readFileSync(join(repository, 'serverless-compose.yml'), 'utf8')) as {
    services: Record<string, { dependsOn?: string | string[] }>
  }
  const ordered: string[] = []
  const add = (name: string) => {
    for (const other of [services[name]?.dependsOn ?? []].flat()) add(other)
    if (!ordered.includes(name)) ordered.push(name)
  }
  for (const name of Object.keys(services)) add(name)
  return ordered
}

function readWorkspaces(repository: string): Workspace[] {
  const { packages } = parse(readFileSync(join(repository, 'pnpm-workspace.yaml'), 'utf8'))
  const patterns = packages.map((pattern: string) => `${pattern}/package.json`)
  return globSync(patterns, { cwd: repository }).map((file) => {
    const { name, dependencies = {} } = JSON.parse(readFileSync(join(repository, file), 'utf8'))
    return { name, folder: dirname(file), dependencies: Object.keys(dependencies) }
  })
}

/** Folders and files that a service is made of: its own, those of its dependencies, and what its serverless.yml names. */
function sourcesOf(service: string, workspaces: Workspace[], repository: string): string[] {
  const folder = join('services', service)
  const found = new Set<Workspace>()
  const add = (workspace: Workspace | undefined) => {
    if (!workspace || found.has(workspace)) return
    found.add(workspace)
    for (const name of workspace.dependencies) add(workspaces.find((other) => other.name === name))
  }
  add(workspaces.find((workspace) => workspace.folder === folder))
  const text = readFileSync(join(repository, folder, 'serverless.yml'), 'utf8')
  const named = [...text.matchAll(/(?:\.\.\/)+[\w./-]+/g)].map(([path]) =>
    relative(repository, join(repository, folder, path)),
  )
  return [...[...found].map((workspace) => workspace.folder), ...named]
}
