// Walks a simulated workspace with Notion's own JavaScript client.
// Usage: node notion_client_test.mjs URL; prints 'ok N checks' or fails.
import assert from 'node:assert/strict';
import {
  APIErrorCode, APIResponseError, Client, collectPaginatedAPI, isFullBlock, isFullPage,
  iteratePaginatedAPI,
} from '@notionhq/client';

const notion = new Client({
  auth: 'token', baseUrl: process.argv[2], notionVersion: '2025-09-03', retry: false,
});
let checks = 0;
function check(value, message) {
  assert.ok(value, message);
  ++checks;
}

async function countBlocks(id, seen) {
  let count = 0;
  for await (const block of iteratePaginatedAPI(notion.blocks.children.list, {block_id: id})) {
    check(isFullBlock(block), `block ${block.id} is whole`);
    check(!seen.has(block.id), `block ${block.id} comes once`);
    seen.add(block.id);
    ++count;
    const document = block.type === 'child_page' || block.type === 'child_database';
    if (block.has_children && !document) count += await countBlocks(block.id, seen);
  }
  return count;
}

const pages = [];
const sources = [];
for await (const found of iteratePaginatedAPI(notion.search, {})) {
  (found.object === 'page' ? pages : sources).push(found);
}
check(pages.length > 100, 'search takes more than one request');
check(new Set(pages.map((page) => page.id)).size === pages.length, 'search lists a page once');

const seen = new Set();
let blocks = 0;
for (const page of pages.slice(0, 40)) {
  const whole = await notion.pages.retrieve({page_id: page.id});
  check(isFullPage(whole) && whole.last_edited_time === page.last_edited_time, 'page is whole');
  blocks += await countBlocks(page.id, seen);
}
check(blocks > 100, 'pages have blocks');

for (const source of sources) {
  const schema = await notion.dataSources.retrieve({data_source_id: source.id});
  const database = await notion.databases.retrieve({database_id: schema.parent.database_id});
  check(database.data_sources[0].id === source.id, 'the database names its data source');
  const rows = await collectPaginatedAPI(notion.dataSources.query, {
    data_source_id: source.id, sorts: [{timestamp: 'created_time', direction: 'ascending'}],
  });
  check(rows.length > 0 && rows.every(isFullPage), 'rows are pages');
  const property = Object.values(rows[0].properties).find((value) => value.type === 'relation');
  const items = await notion.pages.properties.retrieve(
      {page_id: rows[0].id, property_id: property.id});
  check(items.object === 'list', 'a relation is a list');
}

const users = await collectPaginatedAPI(notion.users.list, {});
check(users.some((user) => user.type === 'bot'), 'the integration is a user');
check((await notion.users.me({})).type === 'bot', 'the token belongs to a bot');
const comments = await notion.comments.list({block_id: pages[0].id});
check(comments.object === 'list', 'comments are a list');

const absent = '11111111-1111-4111-8111-111111111111';
const error = await notion.pages.retrieve({page_id: absent}).catch((failure) => failure);
check(APIResponseError.isAPIResponseError(error), 'a missing page is an API error');
check(error.code === APIErrorCode.ObjectNotFound, `code is ${error.code}`);
console.log(`ok ${checks} checks`);
