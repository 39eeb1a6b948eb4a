-- The same placement as one stored function: an order with its line and its first history row, and stock reserved, or nothing.

CREATE TABLE product (
    id integer PRIMARY KEY,
    name text NOT NULL,
    price bigint NOT NULL,
    on_hand integer NOT NULL,
    reserved integer NOT NULL DEFAULT 0,
    CHECK (reserved BETWEEN 0 AND on_hand)
) WITH (fillfactor = 50); -- room for updates in place

CREATE SEQUENCE order_id_seq;
CREATE TABLE "order" (
    id bigint PRIMARY KEY DEFAULT nextval('order_id_seq'),
    customer_name text NOT NULL,
    customer_email text NOT NULL,
    customer_phone text NOT NULL,
    delivery_address text NOT NULL,
    status smallint NOT NULL DEFAULT 1,
    total bigint NOT NULL,
    placed_at timestamptz NOT NULL,
    due_at timestamptz NOT NULL -- what a worker would ask for
);
CREATE INDEX ON "order" (due_at);

CREATE TABLE line (
    order_id bigint NOT NULL,
    product_id integer NOT NULL,
    quantity integer NOT NULL,
    unit_price bigint NOT NULL,
    PRIMARY KEY (order_id, product_id)
);

CREATE TABLE history (order_id bigint NOT NULL, "from" smallint, "to" smallint NOT NULL, at timestamptz NOT NULL, who text);
CREATE INDEX ON history (order_id);

INSERT INTO product SELECT n, 'Thing ' || n, n % 1000 + 1, 2000000000 FROM generate_series(1, 100) n;

CREATE FUNCTION place(p_name text, p_email text, p_phone text, p_address text, p_product integer, p_quantity integer)
RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    v_id bigint;
    v_price bigint;
BEGIN
    SELECT price INTO v_price FROM product WHERE id = p_product;
    INSERT INTO "order" (customer_name, customer_email, customer_phone, delivery_address, total, placed_at, due_at)
        VALUES (p_name, p_email, p_phone, p_address, v_price * p_quantity, now(), now() + interval '1 hour')
        RETURNING id INTO v_id;
    INSERT INTO line VALUES (v_id, p_product, p_quantity, v_price);
    INSERT INTO history VALUES (v_id, NULL, 1, now(), 'client');
    -- Last, so that the row is locked for the shortest time.
    UPDATE product SET reserved = reserved + p_quantity WHERE id = p_product AND on_hand - reserved >= p_quantity;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'insufficient stock of product %', p_product;
    END IF;
    RETURN v_id;
END $$;

CREATE FUNCTION place_bulk(
    p_names text[], p_emails text[], p_phones text[], p_addresses text[], p_products integer[], p_quantities integer[]
) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    v_first bigint;
    v_wanted bigint;
    v_reserved bigint;
BEGIN
    -- In one order for everybody, so that bulks never wait for each other in a circle.
    PERFORM 1 FROM product WHERE id = ANY (p_products) ORDER BY id FOR UPDATE;
    UPDATE product SET reserved = reserved + demand.quantity
        FROM (SELECT product, sum(quantity) AS quantity FROM unnest(p_products, p_quantities) AS r (product, quantity) GROUP BY product) demand
        WHERE id = demand.product AND on_hand - reserved >= demand.quantity;
    GET DIAGNOSTICS v_reserved = ROW_COUNT;
    SELECT count(DISTINCT product) INTO v_wanted FROM unnest(p_products) AS r (product);
    IF v_reserved < v_wanted THEN
        RAISE EXCEPTION 'insufficient stock';
    END IF;
    -- The ids of a bulk are neighbours; the locks above make this safe.
    SELECT last_value + 1 INTO v_first FROM order_id_seq;
    PERFORM setval('order_id_seq', v_first + cardinality(p_names) - 1);
    INSERT INTO "order" (id, customer_name, customer_email, customer_phone, delivery_address, total, placed_at, due_at)
        SELECT v_first + nth - 1, r.name, email, phone, address, price * quantity, now(), now() + interval '1 hour'
        FROM unnest(p_names, p_emails, p_phones, p_addresses, p_products, p_quantities)
            WITH ORDINALITY AS r (name, email, phone, address, product_id, quantity, nth)
        JOIN product ON product.id = r.product_id;
    INSERT INTO line
        SELECT v_first + nth - 1, product_id, quantity, price
        FROM unnest(p_products, p_quantities) WITH ORDINALITY AS r (product_id, quantity, nth)
        JOIN product ON product.id = r.product_id;
    INSERT INTO history SELECT id, NULL, 1, now(), 'client' FROM generate_series(v_first, v_first + cardinality(p_names) - 1) AS id;
    RETURN v_first;
END $$;
