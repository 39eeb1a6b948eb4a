-- The same placement as one script: an order with its line and its first history row, its timer, and stock reserved, or nothing.
-- ARGV: name, email, phone, address, product, quantity, now (seconds).
local product = 'product:' .. string.format('%d', tonumber(ARGV[5]) + 1)
local quantity = tonumber(ARGV[6])
local have = redis.call('HMGET', product, 'on_hand', 'reserved', 'price')
if not have[1] or tonumber(have[1]) - tonumber(have[2]) < quantity then
  return redis.error_reply('INSUFFICIENT stock of ' .. product)
end
local id = redis.call('INCR', 'order:last')
redis.call('HINCRBY', product, 'reserved', quantity)
redis.call('HSET', 'order:' .. id,
  'customer_name', ARGV[1], 'customer_email', ARGV[2], 'customer_phone', ARGV[3], 'delivery_address', ARGV[4],
  'status', 'pending', 'placed_at', ARGV[7], 'product', product, 'quantity', quantity, 'unit_price', have[3])
redis.call('RPUSH', 'history:' .. id, 'pending ' .. ARGV[7] .. ' client')
redis.call('ZADD', 'due', tonumber(ARGV[7]) + 3600, id)
return id
