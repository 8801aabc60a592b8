import { PAGE_SOURCE } from '@darkroom/dashboard'
import type { PageModule } from './page-server.ts'
import { startDashboard } from './start-dashboard.ts'

export { inputsOf, refreshPage } from '@darkroom/page/serve'

export const source = PAGE_SOURCE

export const start: PageModule['start'] = ({ ports, allowedHosts, endpoints, store, services }) =>
  startDashboard({
    port: ports.dashboard,
    allowedHosts,
    store,
    readAfter: services,
    uploadPages: [
      { name: 'Web App #1', url: endpoints.webApp1 },
      { name: 'Web App #2', url: endpoints.webApp2 },
    ],
  })
