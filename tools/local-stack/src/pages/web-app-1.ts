import { join } from 'node:path'
import { startWebApp1 } from '@darkroom/web-app-1'
import { APPS } from '../apps.ts'
import { repositoryRoot } from '../repository-root.ts'
import type { PageModule } from './page-server.ts'

export { inputsOf, refreshPage } from '@darkroom/page/serve'

export const source = join(repositoryRoot, 'apps/web-app-1/page')

export const start: PageModule['start'] = ({ ports, allowedHosts, endpoints }) =>
  startWebApp1({
    port: ports.webApp1,
    allowedHosts,
    uploadApi: { url: endpoints.uploadApi, apiKey: APPS['web-app-1'].apiKey },
  })
