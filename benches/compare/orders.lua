-- What wrk sends: orders of one line, one in a request or many.
-- wrk -s orders.lua URL -- PRODUCTS SIZE: the demand goes to PRODUCTS products in turn, SIZE orders are a bulk.

local requests, nth = {}, 0

local function order(n, products)
  return string.format(
    '{"customer_name":"Customer %06d","customer_email":"customer%06d@example.com","customer_phone":"1234567890",'
      .. '"delivery_address":"123 Main Street","items":[{"product_id":%d,"quantity":1}]}',
    n, n, n % products + 1)
end

function init(args)
  local products, size = tonumber(args[1]), tonumber(args[2])
  local headers = { ["Content-Type"] = "application/json" }
  for i = 1, size > 1 and 4 or 100 do
    local body
    if size > 1 then
      local rows = {}
      for row = 1, size do rows[row] = order(i * size + row, products) end
      body = "[" .. table.concat(rows, ",") .. "]"
    else
      body = order(i, products)
    end
    requests[i] = wrk.format("POST", nil, headers, body)
  end
end

function request()
  nth = nth % #requests + 1
  return requests[nth]
end
