/** What people read that belongs to no one part of the page. Each part has its own words in `words/`. */
import { checks } from './words/checks';
import { common } from './words/common';
import { problems } from './words/problems';

export { checks, common, problems };
export const words = { checks, common, problems };
